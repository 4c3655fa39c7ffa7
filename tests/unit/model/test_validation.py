import numpy as np
import pytest

from p300.domain import SubjectId
from p300.errors import InvalidInput
from p300.model.candidates import CANDIDATES, candidate
from p300.model.scores import score
from p300.model.validation import validate


def test_every_subject_is_scored_on_its_own_epochs(tables):
    validation = validate(candidate("lda"), tables)
    probabilities = candidate("lda").leave_one_subject_out(tables)
    assert list(validation.scores) == list(tables)
    for subject, scores in validation.scores.items():
        assert scores.auc == score(tables[subject].targets, probabilities[subject]).auc
    assert validation.mean_auc == pytest.approx(np.mean([scores.auc for scores in validation.scores.values()]))
    assert validation.mean_metrics()["mean_auc"] == validation.mean_auc
    assert validation.pooled.n_epochs == sum(len(table.labels) for table in tables.values())


@pytest.mark.parametrize("name", CANDIDATES)
def test_real_labels_are_found_and_shuffled_ones_are_not(tables, make_table, name):
    parameters = {key: 1 for key in CANDIDATES[name].parameters if key.endswith("n_filters")}
    rng = np.random.default_rng(11)
    shuffled = {subject: make_table(table.features, rng.permutation(table.labels)) for subject, table in tables.items()}
    assert validate(candidate(name, **parameters), tables).mean_auc > 0.75
    assert 0.4 < validate(candidate(name, **parameters), shuffled).mean_auc < 0.6


def test_a_subject_of_one_class_is_named(tables, make_table):
    lonely = make_table(tables[2].features, np.ones_like(tables[2].labels))
    with pytest.raises(InvalidInput, match="subject_02: no scores without both classes: of 120 epochs 0 are Target"):
        validate(candidate("lda"), {**tables, SubjectId(2): lonely})
