"""Totals say of all epochs what statistics of the epochs say, and of what is left without some."""

import numpy as np
import pytest

from p300.domain import SubjectId
from p300.model.sums.statistics import Statistics
from p300.model.sums.totals import Total


@pytest.fixture
def total(tables) -> Total:
    total = Total.none(tables[1])
    for table in tables.values():
        total.add(table)
    return total


def stacked(tables, left_out=()) -> np.ndarray:
    """Target epochs in float64."""
    return np.concatenate(
        [table.features[table.targets] for subject, table in tables.items() if subject not in left_out]
    ).astype(np.float64)


def test_of_all_epochs(tables, total):
    epochs = stacked(tables)
    centred = epochs - epochs.mean(axis=0)
    direction = np.random.default_rng(0).standard_normal(epochs.shape[1])
    assert total.target.count == total.statistics().target.count == len(epochs)
    np.testing.assert_allclose(total.target.mean, epochs.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(total.target.scatter_diagonal, np.sum(centred**2, axis=0), rtol=1e-9)
    assert total.target.scatter_along(direction) == pytest.approx(np.sum((centred @ direction) ** 2), rel=1e-9)
    scatter = total.statistics().target.scatter
    np.testing.assert_allclose(scatter, centred.T @ centred, atol=1e-12 * np.abs(scatter).max())


@pytest.mark.parametrize("left_out", [(3,), (1, 4), (1, 2, 3, 4, 5)])
def test_without_some(tables, total, left_out):
    rest = total.without({SubjectId(subject): tables[subject] for subject in left_out}).target
    epochs = stacked(tables, left_out)
    centred = epochs - epochs.mean(axis=0)
    assert rest.count == len(epochs)
    np.testing.assert_allclose(rest.mean, epochs.mean(axis=0), atol=1e-15)
    largest = np.abs(total.statistics().target.scatter).max()
    np.testing.assert_allclose(rest.scatter, centred.T @ centred, atol=1e-12 * largest)
    assert total.target.count == len(stacked(tables)), "what is left is another object"


def test_without_all_nothing_is_left(tables, total):
    rest = total.without(tables)
    assert (rest.nontarget.count, rest.target.count) == (0, 0)
    assert not rest.target.scatter.any()


def test_more_is_added_to_what_was_added_up_before(tables, total):
    before = Total.none(tables[1])
    for subject in (1, 2, 3):
        before.add(tables[subject])
    resumed = Total.of(before.statistics())
    for subject in (4, 5, 6):
        resumed.add(tables[subject])
    ours, theirs = resumed.statistics().target, total.statistics().target
    np.testing.assert_allclose(ours.mean, theirs.mean, atol=1e-15)
    np.testing.assert_allclose(ours.scatter, theirs.scatter, atol=1e-12 * np.abs(theirs.scatter).max())


def test_subjects_of_one_class_add_to_that_class(tables, make_table, total):
    lonely = make_table(tables[2].features[~tables[2].targets], tables[2].labels[~tables[2].targets])
    some = Total.none(lonely)
    some.add(lonely)
    some.add(tables[1])
    assert some.target.count == int(tables[1].targets.sum())
    np.testing.assert_allclose(
        some.without({SubjectId(2): lonely}).nontarget.mean, Statistics.of(tables[1]).nontarget.mean, atol=1e-15
    )
