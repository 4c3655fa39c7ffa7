import numpy as np
import pytest

from p300.domain import SubjectId
from p300.errors import InvalidInput
from p300.model.candidates import CANDIDATES, candidate
from p300.model.tuning import DEFAULT_GRID, tune
from p300.model.validation import validate

GRID = (
    candidate("lda"),
    candidate("lda", shrinkage=1.0),
    candidate("xdawn-lda", n_filters=1),
    candidate("toeplitz-lda"),
    candidate("riemann", n_filters=1),
    candidate("ensemble", **{f"{member}.n_filters": 1 for member in ("xdawn-lda", "riemann", "riemann-difference")}),
)


def first(tables, count):
    return {SubjectId(number): tables[number] for number in range(1, count + 1)}


def noise(make_table, seed, n_targets=10, n_nontargets=50):
    """Five subjects whose labels say nothing of their epochs."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([2, 1], [n_targets, n_nontargets])
    return {SubjectId(number): make_table(rng.standard_normal((len(labels), 6 * 4)), labels) for number in range(1, 6)}


def test_each_trial_is_the_candidates_own_validation(tables):
    search = tune(first(tables, 4), GRID)
    for trial, each in zip(search.trials, GRID, strict=True):
        own = validate(each, first(tables, 4))
        assert trial.candidate is each
        for subject, answers in own.items():
            np.testing.assert_allclose(trial.validation[subject].probabilities, answers.probabilities, atol=1e-5)
    assert search.winner.mean_auc == max(trial.mean_auc for trial in search.trials)


def test_each_subject_is_scored_by_what_was_chosen_without_it(tables):
    search = tune(tables, GRID[:3])
    assert list(search.validation) == list(search.chosen) == list(tables)
    for subject, trial in search.chosen.items():
        assert search.validation.scores[subject].auc == pytest.approx(trial.validation.scores[subject].auc, abs=1e-12)


def test_the_whole_search_can_be_logged(tables):
    rows = tune(first(tables, 3), GRID[:2]).rows()
    assert [row["parameters"] for row in rows] == [{"shrinkage": "auto"}, {"shrinkage": 1.0}]
    assert rows[0].keys() == {"candidate", "parameters", "mean_auc", "auc", "chosen_without"}
    assert rows[0]["auc"].keys() == {"1", "2", "3"}
    assert sorted(rows[0]["chosen_without"] + rows[1]["chosen_without"]) == [1, 2, 3]


def test_of_equals_the_first_wins(tables):
    twice = tune(first(tables, 3), [GRID[0], GRID[0]])
    assert twice.winner is twice.trials[0]
    assert all(trial is twice.trials[0] for trial in twice.chosen.values())


@pytest.mark.parametrize("n_subjects", [3, 6])
def test_a_choice_never_looks_at_the_subject_it_is_scored_on(tables, make_table, n_subjects):
    few = first(tables, n_subjects)
    search = tune(few, GRID[:3])
    few[SubjectId(2)] = make_table(few[2].features, few[2].labels[::-1])
    other = tune(few, GRID[:3])
    assert search.chosen[2].candidate == other.chosen[2].candidate


def test_the_choice_without_a_subject_is_that_of_the_subjects_left(tables):
    """As nested leave-one-out has it: with as many groups as subjects, the others' own search."""
    four = first(tables, 4)
    search = tune(four, GRID[:4])
    for subject, trial in search.chosen.items():
        others = {other: table for other, table in four.items() if other != subject}
        assert tune(others, GRID[:4]).winner.candidate == trial.candidate


def test_on_noise_a_search_registers_chance(make_table):
    """On average over twenty sets of noise, where the winner's own scores are above it, and for every subject."""
    grid = (
        *(candidate("lda", shrinkage=shrinkage) for shrinkage in (0.0, 1.0)),
        *(candidate("xdawn-lda", n_filters=n_filters) for n_filters in (1, 2)),
        candidate("toeplitz-lda"),
    )
    searches = [tune(noise(make_table, seed), grid) for seed in range(20)]
    registered = np.array([search.validation.mean_auc for search in searches])
    flattered = np.array([search.winner.mean_auc for search in searches])
    error = registered.std(ddof=1) / np.sqrt(len(searches))
    assert abs(registered.mean() - 0.5) < 1.5 * error
    assert flattered.mean() - 0.5 > 1.5 * error
    one_subject = np.sqrt((10 + 50 + 1) / (12 * 10 * 50))  # of an AUC by chance: Mann & Whitney 1947
    every = [scores.auc for search in searches for scores in search.validation.scores.values()]
    assert max(abs(np.array(every) - 0.5)) < 4 * one_subject


def test_too_few_subjects_are_refused(tables):
    with pytest.raises(InvalidInput, match="choosing among candidates needs at least 3 subjects"):
        tune(first(tables, 2))


def test_the_default_grid_offers_every_candidate_once_each_way():
    assert {each.name for each in DEFAULT_GRID} == set(CANDIDATES)
    assert len(set(DEFAULT_GRID)) == len(DEFAULT_GRID)
    assert DEFAULT_GRID[0] == candidate("lda")
