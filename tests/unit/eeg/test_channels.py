"""Channels that recorded nothing or noise are found, and no others, with three channels as with sixty-four."""

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.eeg.channels import find_bad_channels
from p300.errors import InvalidRecording

MICROVOLTS = 1e-6
DATA = Path(__file__).parents[4] / "shared" / "data"


def names(n_channels):
    return [f"E{number}" for number in range(n_channels)]


def epochs_of(n_channels, seed=0, n_epochs=120, n_times=70, alike=0.7):
    """Channels that share one source and have noise of their own; blinks on the first ones."""
    rng = np.random.default_rng(seed)
    common, blink = rng.standard_normal((2, n_epochs, 1, n_times))
    own = rng.standard_normal((n_epochs, n_channels, n_times))
    blinking = 10 * (rng.random((n_epochs, 1, 1)) < 0.1) * np.linspace(1, 0, n_channels)[:, np.newaxis]
    smooth = np.array([0.25, 0.5, 0.25])
    signal = alike * common + (1 - alike) * own + blinking * blink
    return (10 * MICROVOLTS * np.apply_along_axis(np.convolve, 2, signal, smooth, "same")).astype(np.float32)


def noise_like(channel, rng, strength):
    return (strength * channel.std() * rng.standard_normal(channel.shape)).astype(np.float32)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), n_channels=st.sampled_from([3, 4, 8, 16, 64]))
def test_good_channels_are_never_marked(seed, n_channels):
    assert find_bad_channels(epochs_of(n_channels, seed), names(n_channels)) == {}


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_channels=st.sampled_from([3, 8, 64]),
    strength=st.sampled_from([0.0, 1e-4, 0.1, 1.0, 10.0, 1000.0]),
)
def test_a_channel_of_noise_or_nothing_is_found_at_any_strength(seed, n_channels, strength):
    rng = np.random.default_rng([seed, 1])
    epochs = epochs_of(n_channels, seed)
    bad = int(rng.integers(n_channels))
    epochs[:, bad] = noise_like(epochs[:, bad], rng, strength)
    found = find_bad_channels(epochs, names(n_channels))
    assert list(found) == [bad]
    assert (found[bad] == "flat") == (strength < 1e-3)


def test_a_channel_that_came_loose_halfway_is_found():
    epochs = epochs_of(8)
    epochs[len(epochs) // 2 :, 3] = noise_like(epochs[:, 3], np.random.default_rng(1), 10)[len(epochs) // 2 :]
    assert list(find_bad_channels(epochs, names(8))) == [3]


def test_two_loose_channels_that_drift_together_do_not_vouch_for_each_other():
    epochs = epochs_of(8)
    drift = noise_like(epochs[:, 2], np.random.default_rng(1), 50)
    epochs[:, 2] = drift
    epochs[:, 5] = 0.8 * drift
    assert list(find_bad_channels(epochs, names(8))) == [2, 5]


@given(gains=st.lists(st.floats(0.01, 10_000), min_size=8, max_size=8))
def test_a_wrong_gain_makes_no_channel_bad(gains):
    amplified = epochs_of(8) * np.float32(gains)[:, np.newaxis]
    assert find_bad_channels(amplified, names(8)) == {}


def test_where_no_channel_follows_another_only_flat_ones_are_bad(caplog):
    epochs = epochs_of(8, alike=0.0)
    epochs[:, 6] = 0
    with caplog.at_level(logging.WARNING):
        assert find_bad_channels(epochs, names(8)) == {6: "flat"}
    assert "7 of 8 channels follow no other: which are bad cannot be told" in caplog.text


def test_with_two_channels_noise_cannot_be_told():
    epochs = epochs_of(2)
    epochs[:, 1] = noise_like(epochs[:, 1], np.random.default_rng(1), 1)
    assert find_bad_channels(epochs, names(2)) == {}


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_more_than_half_bad_is_refused_by_name(strength):
    epochs = epochs_of(8)
    for bad in range(5):
        epochs[:, bad] = noise_like(epochs[:, bad], np.random.default_rng(100 + bad), strength)
    with pytest.raises(InvalidRecording, match=r"5 of 8 channels are bad.*E0 \(.*E4 \(.*set bad_channels to keep"):
        find_bad_channels(epochs, names(8))
