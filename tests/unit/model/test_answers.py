"""Answers are scored over the flashes that have an epoch and over all, and come back from disk as they were."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from p300.domain import SubjectId
from p300.errors import InvalidInput
from p300.model.answers import Answers, Flashes, Missed, SubjectAnswers, read_flashes
from tests.builders import make_table

ONE, TWO = SubjectId(1), SubjectId(2)


def _answers(seed: int, missed: Missed | None, n_epochs: int = 120) -> SubjectAnswers:
    rng = np.random.default_rng(seed)
    targets = rng.permutation(n_epochs) < n_epochs // 6
    return SubjectAnswers(Flashes(targets, missed), (rng.random(n_epochs) * 0.7 + 0.3 * targets).astype(np.float32))


def test_a_missed_flash_is_answered_with_the_share_of_targets() -> None:
    answers = _answers(1, Missed(n_targets=10, n_nontargets=50))
    whole = answers.all_flashes
    assert whole is not None
    assert (whole.scores.n_epochs, int(whole.targets.sum())) == (180, 30)
    np.testing.assert_allclose(whole.probabilities[120:], 30 / 180)
    truth = np.concatenate([answers.targets, np.arange(60) < 10])
    guesses = np.concatenate([answers.probabilities, np.full(60, 1 / 6)])
    assert whole.scores.auc == pytest.approx(roc_auc_score(truth, guesses), abs=1e-6)
    assert whole.scores.auc < answers.scores.auc, "a flash that nobody looked at helps nobody to spell"
    assert answers.share_kept == pytest.approx(120 / 180)


def test_where_nothing_is_missed_all_flashes_score_as_those_kept() -> None:
    answers = Answers({ONE: _answers(1, Missed(0, 0)), TWO: _answers(2, Missed(0, 0))})
    assert answers.all_flashes is not None
    assert answers.all_flashes.mean_metrics() == answers.mean_metrics()
    assert answers.share_kept == 1


def test_one_subject_of_whom_nothing_is_known_leaves_no_score_over_all() -> None:
    answers = Answers({ONE: _answers(1, Missed(1, 5)), TWO: _answers(2, None)})
    assert (answers.all_flashes, answers.share_kept) == (None, None)
    assert answers.of([ONE]).all_flashes is not None
    assert answers[ONE].share_kept == pytest.approx(120 / 126)


@pytest.mark.parametrize(
    ("counts", "missed"),
    [
        ({"n_flashes": 14, "n_target_flashes": 3}, Missed(n_targets=1, n_nontargets=3)),
        ({"n_flashes": 14}, None),
        ({"n_flashes": 10}, Missed(0, 0)),
    ],
)
def test_tables_say_what_was_missed(counts: dict[str, int], missed: Missed | None) -> None:
    labels = np.where(np.arange(10) < 2, 2, 1)
    table = make_table(np.zeros((10, 4)), labels, n_kept=10, **counts)
    flashes = read_flashes({ONE: table})[ONE]
    assert flashes.missed == missed
    np.testing.assert_array_equal(flashes.targets, labels == 2)


def test_answers_come_back_from_json_as_they_were() -> None:
    answers = Answers({TWO: _answers(2, Missed(3, 4)), ONE: _answers(1, None)})
    again = Answers.from_json(json.dumps(answers.to_json()).encode())
    assert list(again) == [TWO, ONE]
    for subject, each in answers.items():
        np.testing.assert_array_equal(again[subject].targets, each.targets)
        np.testing.assert_array_equal(again[subject].probabilities, each.probabilities)
        assert again[subject].probabilities.dtype == np.float32
        assert again[subject].flashes.missed == each.flashes.missed


def test_answers_of_before_missed_flashes_were_counted_still_read() -> None:
    old = b'{"7": {"probabilities": [0.25, 0.75, 0.125], "targets": [0, 1, 0]}}'
    answers = Answers.from_json(old)
    assert answers.scores[SubjectId(7)].auc == 1
    assert answers.all_flashes is None


def test_means_count_each_subject_the_same_and_pools_each_epoch() -> None:
    answers = Answers({ONE: _answers(1, None, n_epochs=24), TWO: _answers(2, None, n_epochs=240)})
    assert answers.mean_auc == pytest.approx((answers[ONE].scores.auc + answers[TWO].scores.auc) / 2)
    assert answers.pooled.n_epochs == 264


def test_a_subject_that_cannot_be_scored_is_named() -> None:
    lonely = SubjectAnswers(Flashes(np.zeros(5, bool)), np.full(5, 0.5))
    with pytest.raises(InvalidInput, match="subject_02: no scores without both classes: of 5 epochs 0 are Target"):
        Answers({ONE: _answers(1, None), TWO: lonely}).scored()
