import numpy as np
import pytest

from p300.domain import SubjectId
from p300.errors import InvalidInput
from p300.model.candidates import candidate
from p300.model.tuning import DEFAULT_GRID, tune, tune_nested
from p300.model.validation import validate

GRID = (
    candidate("lda"),
    candidate("lda", shrinkage=1.0),
    candidate("xdawn-lda", n_filters=1),
    candidate("toeplitz-lda"),
    candidate("riemann", n_filters=1),
    candidate("ensemble", **{"xdawn-lda.n_filters": 1, "riemann.n_filters": 1}),
)


def first(tables, count):
    return {SubjectId(number): tables[number] for number in range(1, count + 1)}


def test_each_trial_is_the_candidates_own_validation(tables):
    search = tune(first(tables, 4), GRID)
    for trial, each in zip(search.trials, GRID, strict=True):
        own = validate(each, first(tables, 4))
        assert trial.candidate is each
        for subject, answers in own.items():
            np.testing.assert_allclose(trial.validation[subject].probabilities, answers.probabilities, atol=1e-5)
    assert search.winner.mean_auc == max(trial.mean_auc for trial in search.trials)


def test_the_whole_search_can_be_logged(tables):
    rows = tune(first(tables, 3), GRID[:2]).rows()
    assert [row["parameters"] for row in rows] == [{"shrinkage": "auto"}, {"shrinkage": 1.0}]
    assert rows[0].keys() == {"candidate", "parameters", "mean_auc", "auc"}
    assert rows[0]["auc"].keys() == {"1", "2", "3"}


def test_of_equals_the_first_wins(tables):
    assert tune(first(tables, 3), [candidate("lda"), candidate("lda")]).winner.candidate is not None
    twice = tune(first(tables, 3), [GRID[0], GRID[0]])
    assert twice.winner is twice.trials[0]


def test_nested_tuning_never_looks_at_the_subject_it_scores(tables, make_table):
    few = first(tables, 3)
    nested = tune_nested(few, GRID[:3])
    few[SubjectId(2)] = make_table(few[2].features, few[2].labels[::-1])
    other = tune_nested(few, GRID[:3])
    assert nested.winners[2].candidate == other.winners[2].candidate
    np.testing.assert_array_equal(nested.validation[2].probabilities, other.validation[2].probabilities)


def test_too_few_subjects_are_refused(tables):
    with pytest.raises(InvalidInput, match="tuning needs at least 2 subjects"):
        tune(first(tables, 1))
    with pytest.raises(InvalidInput, match="nested tuning needs at least 3 subjects"):
        tune_nested(first(tables, 2))


def test_the_default_grid_offers_every_candidate_once_each_way():
    assert {each.name for each in DEFAULT_GRID} == {"lda", "xdawn-lda", "toeplitz-lda", "riemann", "ensemble"}
    assert len(set(DEFAULT_GRID)) == len(DEFAULT_GRID)
    assert DEFAULT_GRID[0] == candidate("lda")
