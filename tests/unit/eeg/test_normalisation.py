"""Normalisation makes recordings alike, whatever their gains, and survives degenerate ones."""

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.eeg.epochs import apply_to_channels
from p300.eeg.normalisation import normalising_matrix
from p300.errors import InvalidRecording

MICROVOLTS = 1e-6


def normalise(epochs, normalisation):
    normalised = epochs.copy()
    apply_to_channels(normalising_matrix(epochs, normalisation), normalised)
    return normalised


def noise(shape=(40, 5, 30), seed=0):
    """Channels that share sources, about ten microvolts each."""
    rng = np.random.default_rng(seed)
    mixing = np.eye(shape[1]) + rng.uniform(-0.5, 0.5, (shape[1], shape[1])) / shape[1]
    return (10 * MICROVOLTS * mixing @ rng.standard_normal(shape)).astype(np.float32)


def mean_covariance(epochs):
    exact = epochs.astype(float)
    return (exact @ exact.transpose(0, 2, 1)).mean(axis=0) / epochs.shape[2]


def test_none_leaves_the_volts():
    np.testing.assert_array_equal(normalise(noise(), "none"), noise())


@settings(deadline=None, max_examples=30)
@given(n_epochs=st.integers(3, 50), n_channels=st.integers(1, 12), seed=st.integers(0, 2**32 - 1))
def test_euclidean_alignment_makes_the_mean_covariance_the_identity(n_epochs, n_channels, seed):
    aligned = normalise(noise((n_epochs, n_channels, 30), seed), "euclidean")
    np.testing.assert_allclose(mean_covariance(aligned), np.eye(n_channels), atol=1e-4)


@settings(deadline=None, max_examples=30)
@given(gains=st.lists(st.floats(0.05, 50), min_size=5, max_size=5))
def test_channel_normalisation_forgets_the_gain_of_each_channel(gains):
    amplified = noise() * np.array(gains, np.float32)[:, np.newaxis]
    np.testing.assert_allclose(normalise(amplified, "channel"), normalise(noise(), "channel"), atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(gain=st.floats(0.05, 50))
def test_euclidean_alignment_forgets_a_common_gain(gain):
    amplified = noise() * np.float32(gain)
    np.testing.assert_allclose(normalise(amplified, "euclidean"), normalise(noise(), "euclidean"), atol=1e-4)


@pytest.mark.parametrize("normalisation", ["channel", "euclidean"])
def test_a_flat_channel_stays_zero_and_the_others_do_not_notice(normalisation, caplog):
    epochs = noise()
    with_flat = np.insert(epochs, 2, 1e-17, axis=1)  # what rounding leaves of a constant channel
    with caplog.at_level(logging.WARNING):
        aligned = normalise(with_flat, normalisation)
    assert np.abs(aligned[:, 2]).max() < 1e-6
    np.testing.assert_allclose(np.delete(aligned, 2, axis=1), normalise(epochs, normalisation), atol=1e-5)
    assert "1 of 6 channels or directions are flat" in caplog.text


def test_an_average_reference_leaves_one_direction_empty_instead_of_blowing_it_up():
    epochs = noise()
    referenced = epochs - epochs.mean(axis=1, keepdims=True)
    powers = np.linalg.eigvalsh(mean_covariance(normalise(referenced, "euclidean")))
    np.testing.assert_allclose(powers, [0, 1, 1, 1, 1], atol=1e-4)


def test_one_epoch_shorter_than_there_are_channels_is_still_finite():
    aligned = normalise(noise((1, 16, 10)), "euclidean")
    assert np.isfinite(aligned).all()
    assert np.abs(aligned).max() < 10


@pytest.mark.parametrize("normalisation", ["channel", "euclidean"])
def test_nothing_but_flat_channels_is_refused(normalisation):
    with pytest.raises(InvalidRecording, match=r"every channel is flat .* samples are in microvolts"):
        normalise(noise() * np.float32(1e-6), normalisation)
