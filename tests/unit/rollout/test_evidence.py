"""Intervals hold what they promise, and the exact ones are exact."""

from itertools import product
from math import inf
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.rollout.difference import differences
from p300.rollout.evidence import (
    bootstrap_interval,
    fewest_subjects,
    further_subjects,
    hierarchical_means,
    interval_of_these,
    subset_means,
    typical_interval,
)
from tests.unit.rollout.contests import contest

some_differences = st.lists(st.integers(-50, 50), min_size=1, max_size=8).map(lambda values: np.array(values) / 64)


def sign_flip_p_value(values: np.ndarray) -> float:
    """Share of all sign flips whose sum is no lower: the exact permutation test, one-sided."""
    flipped = [(np.array(signs) * values).sum() for signs in product((1, -1), repeat=len(values))]
    return float(np.mean(np.array(flipped) >= values.sum()))


@given(some_differences, st.sampled_from([0.05, 0.1, 0.25]))
def test_the_bound_is_above_zero_exactly_where_the_test_rejects(values: np.ndarray, error: float) -> None:
    interval = typical_interval(values, error)
    assert (interval.low > 0) == (sign_flip_p_value(values) <= error)
    assert (interval.high < 0) == (sign_flip_p_value(-values) <= error)


def test_subset_means_are_those_of_all_subsets() -> None:
    assert sorted(subset_means(np.array([1.0, 2.0, 4.0]))) == pytest.approx([1, 1.5, 2, 7 / 3, 2.5, 3, 4])


def test_five_people_are_the_fewest_and_must_agree() -> None:
    assert fewest_subjects(0.05) == 5
    assert typical_interval(np.full(4, 0.1), 0.05).low == -inf
    assert typical_interval(np.array([0.1, 0.2, 0.01, 0.3, 0.2]), 0.05).low == pytest.approx(0.01)
    assert typical_interval(np.array([0.1, 0.2, -0.01, 0.3, 0.2]), 0.05).low < 0


@pytest.mark.parametrize("n_subjects", [5, 8, 12])
def test_typical_bounds_err_as_often_as_they_say(n_subjects: int) -> None:
    rng = np.random.default_rng(n_subjects)
    values = rng.standard_t(4, (4000, n_subjects))
    errors = np.mean([typical_interval(each, 0.05).low > 0 for each in values])
    exact = np.floor(0.05 * 2**n_subjects) / 2**n_subjects
    assert errors == pytest.approx(exact, abs=4 * np.sqrt(exact / 4000))


@pytest.mark.parametrize("n_subjects", [21, 60])
def test_bootstrap_bounds_err_no_more_often_than_they_say(n_subjects: int) -> None:
    """People differ much more than their flashes do: the case in which the second draw adds nothing."""
    rng = np.random.default_rng(n_subjects)
    n_contests, n_wrong = 1000, 0
    for values in rng.standard_normal((n_contests, n_subjects)):
        means = hierarchical_means(values[:, None] + 1e-3 * rng.standard_normal((n_subjects, 20)), rng, 1000)
        n_wrong += bootstrap_interval(means, n_subjects, 0.05).low > 0
    assert n_wrong / n_contests <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / n_contests)


def test_hierarchical_means_vary_as_people_and_as_their_flashes_do() -> None:
    rng = np.random.default_rng(0)
    of_people, of_flashes = rng.standard_normal(30), rng.standard_normal((30, 500))
    means = hierarchical_means(of_people[:, None] + of_flashes, rng, 20_000)
    assert means.mean() == pytest.approx(np.mean(of_people[:, None] + of_flashes), abs=0.01)
    assert means.var() == pytest.approx((of_people.var() + of_flashes.var(axis=1).mean()) / 30, rel=0.05)


def test_the_interval_of_these_people_is_delongs() -> None:
    subjects = list(differences(*contest(4, 400, 1.0, 1.2)).values())
    interval = interval_of_these(subjects, 0.025)
    margin = NormalDist().inv_cdf(0.975) * np.sqrt(sum(each.variance for each in subjects)) / 4
    assert interval.high - interval.low == pytest.approx(2 * margin)
    assert (interval.low + interval.high) / 2 == pytest.approx(np.mean([each.difference for each in subjects]))


def test_the_further_people_settle_it_four_times_in_five() -> None:
    rng = np.random.default_rng(0)
    seen = rng.standard_normal(8)
    seen = 0.02 * (seen - seen.mean()) / seen.std(ddof=1) + 0.01
    more = further_subjects(seen, 0.005, 0.05)
    assert more is not None
    again = rng.normal(0.01, 0.02, (2000, 8 + more))
    settled = again.mean(axis=1) / (again.std(axis=1, ddof=1) / np.sqrt(8 + more)) > 1.71
    assert settled.mean() == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize(
    ("values", "minimum_effect", "expected"),
    [([0.1], 0.005, 4), ([0.1, 0.1], 0.005, 3), ([0.0, 0.0, 0.0, 0.0, 0.0], 0.0, None)],
)
def test_further_people_where_there_is_little_to_go_by(
    values: list[float], minimum_effect: float, expected: int | None
) -> None:
    assert further_subjects(np.array(values), minimum_effect, 0.05) == expected
