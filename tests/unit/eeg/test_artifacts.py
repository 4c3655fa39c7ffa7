"""What is rejected is what swings most, whatever the gain, and never most of a recording."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.domain import Recipe
from p300.eeg.artifacts import (
    MOST_REJECTED,
    count_by_channel,
    describe,
    exceeding,
    exceeding_usual,
    peak_to_peak,
    reject,
)

seeds = st.integers(0, 2**32 - 1)


def swings(seed=0, n_epochs=200, n_channels=4, n_wild=10):
    """Of quiet epochs and some wild ones, in volts."""
    rng = np.random.default_rng(seed)
    volts = 20e-6 * np.exp(0.25 * rng.standard_normal((n_epochs, n_channels)))
    volts[:n_wild, rng.integers(n_channels)] *= 20
    return volts


def test_an_offset_is_no_swing():
    epochs = np.array([[1.0, 5.0, 2.0], [1001.0, 1005.0, 1002.0]])
    assert peak_to_peak(epochs).tolist() == [4.0, 4.0]


def test_only_more_than_the_limit_is_rejected():
    swings_volts = np.array([[99e-6, 100e-6, 101e-6]])
    assert exceeding(swings_volts, 100e-6).exceeds.tolist() == [[False, False, True]]
    assert not exceeding(np.array([[1e9]]), None).exceeds.any()


@given(seed=seeds, gain=st.floats(1e-2, 1e6))
def test_what_is_unusual_does_not_depend_on_the_gain(seed, gain):
    volts = swings(seed)
    np.testing.assert_array_equal(exceeding_usual(volts, 4.0).exceeds, exceeding_usual(gain * volts, 4.0).exceeds)


@given(seed=seeds)
def test_wild_epochs_are_rejected_and_quiet_ones_kept(seed):
    rejection = exceeding_usual(swings(seed), 4.0)
    assert rejection.rejected[:10].all()
    assert rejection.rejected[10:].mean() < 0.02
    assert rejection.n_spared == 0


@given(seed=seeds, least=st.floats(1, 3), more=st.floats(0.1, 3))
def test_more_deviations_reject_fewer(seed, least, more):
    volts = swings(seed)
    strict, lax = exceeding_usual(volts, least).rejected, exceeding_usual(volts, least + more).rejected
    assert (strict | ~lax).all()


@given(seed=seeds, n_epochs=st.integers(1, 60), n_wild=st.integers(0, 60), deviations=st.floats(0.1, 6))
def test_never_more_than_a_quarter_goes_and_the_worst_go_first(seed, n_epochs, n_wild, deviations):
    volts = swings(seed, n_epochs, 3, min(n_wild, n_epochs))
    rejection = exceeding_usual(volts, deviations)
    n_rejected = np.count_nonzero(rejection.rejected)
    assert n_rejected <= MOST_REJECTED * n_epochs
    assert (rejection.n_spared == 0) or n_rejected == int(MOST_REJECTED * n_epochs)


@given(seed=seeds)
def test_the_limits_are_what_separates(seed):
    volts = swings(seed)
    rejection = exceeding_usual(volts, 3.0)
    np.testing.assert_array_equal(rejection.exceeds, volts > rejection.limits_volts)


def test_the_count_of_spared_epochs_is_what_the_cap_kept():
    volts = np.full((100, 2), 20e-6)
    volts[:40, 1] = 20e-6 * np.exp(np.arange(40) + 3)
    rejection = exceeding_usual(volts, 4.0)
    assert np.flatnonzero(rejection.rejected).tolist() == list(range(15, 40))
    assert rejection.n_spared == 15


def test_where_a_channel_dropped_out_the_epoch_goes():
    volts = swings(n_wild=0)
    volts[7, 2] = 0
    assert np.flatnonzero(exceeding_usual(volts, 6.0).exceeds[:, 2]).tolist() == [7]


def test_a_channel_that_never_recorded_rejects_nothing():
    volts = swings(n_wild=0)
    volts[:, 1] = 0
    assert not exceeding_usual(volts, 6.0).exceeds.any()


def test_both_limits_count():
    volts = swings()
    volts[50:, 0] = 150e-6
    both = reject(volts, Recipe(reject_volts=100e-6, reject_deviations=4.0))
    fixed = exceeding(volts, 100e-6).exceeds
    np.testing.assert_array_equal(both.exceeds, fixed | exceeding_usual(volts, 4.0).exceeds)
    assert fixed[50:, 0].all()
    assert not reject(volts, Recipe(reject_deviations=None)).exceeds.any()


def test_channels_are_counted_worst_first():
    exceeds = np.array([[True, False, True], [False, False, True], [False, False, True]])
    assert list(count_by_channel(exceeds, ("Fz", "Cz", "Pz")).items()) == [("Pz", 3), ("Fz", 1)]


@pytest.mark.parametrize(
    ("recipe", "limits"),
    [
        (Recipe(reject_volts=100e-6, reject_deviations=None), "over 100 microvolts peak to peak"),
        (Recipe(reject_volts=None, reject_deviations=4.5), "over 4.5 deviations above the usual swing"),
    ],
)
def test_the_description_names_the_worst_channels_and_counts_the_rest(recipe, limits):
    assert describe({"PO7": 12, "Fz": 3}, recipe) == f"{limits} on PO7 (12), Fz (3)"
    many = {f"E{number}": 50 - number for number in range(1, 9)}
    assert describe(many, recipe).endswith("E4 (46), E5 (45) and 3 more channels")
