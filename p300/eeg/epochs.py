"""Epochs: which samples belong to a flash, and the one matrix that turns them into its features."""

from collections.abc import Iterator
from functools import lru_cache

import mne
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from p300.domain import Float32s, Float64s, Recipe
from p300.errors import InvalidRecording

_BLOCK_EPOCHS = 64


def sample_window(window_s: tuple[float, float], sfreq_hz: float) -> range:
    """Samples of an epoch, counted from its flash: both ends included and rounded as MNE rounds."""
    start_s, stop_s = window_s
    return range(round(start_s * sfreq_hz), round(stop_s * sfreq_hz) + 1)


def are_complete(onset_samples: NDArray[np.int64], window: range, n_samples: int) -> NDArray[np.bool_]:
    """Which flashes have their whole window inside the recording: bool, shape (n_flashes,)."""
    return (onset_samples + window.start >= 0) & (onset_samples + window.stop <= n_samples)


def cut(signal: Float64s, onset_samples: NDArray[np.int64], window: range) -> Float64s:
    """The window around each flash on one channel; windows may overlap.

    Parameters
    ----------
    signal : ndarray of float64, shape (n_samples,)
    onset_samples : ndarray of int64, shape (n_epochs,)
        Of complete epochs only, see :func:`are_complete`.

    Returns
    -------
    ndarray of float64, shape (n_epochs, len(window))
    """
    epochs: Float64s = sliding_window_view(signal, len(window))[onset_samples + window.start]
    return epochs


@lru_cache(maxsize=16)
def epoch_map(recipe: Recipe, sfreq_hz: float) -> Float32s:
    """Baseline correction and resampling as one matrix: ``features = epochs @ epoch_map``.

    Both are linear maps of an epoch's samples. MNE's own ``Epochs``, given the identity as its
    data, answers with the matrix, its padding and its rounding of times included.

    Parameters
    ----------
    sfreq_hz : float
        Rate of the recording.

    Returns
    -------
    ndarray of float32, shape (n_samples, n_times), read-only

    Raises
    ------
    InvalidRecording
        The rate is so low that no sample falls into the baseline.
    """
    window = sample_window(recipe.window_s, sfreq_hz)
    info = mne.create_info(1, sfreq_hz, "eeg", verbose="ERROR")
    unit_pulses = np.eye(len(window))[:, np.newaxis]
    start_s = window.start / sfreq_hz
    try:
        epochs = mne.EpochsArray(unit_pulses, info, tmin=start_s, baseline=recipe.baseline_s, verbose="ERROR")
    except ValueError as error:
        raise InvalidRecording(
            f"sampled at {sfreq_hz:g} Hz, it has no sample in the baseline {recipe.baseline_s} s: "
            "widen baseline_s in the recipe"
        ) from error
    epochs.resample(recipe.sfreq_hz, verbose="ERROR")
    matrix: Float32s = epochs.get_data(copy=False)[:, 0].astype(np.float32)
    matrix.setflags(write=False)
    return matrix


def blocks(epochs: Float32s) -> Iterator[Float32s]:
    """Views of a few epochs each, so that what is made of them stays small."""
    return (epochs[first : first + _BLOCK_EPOCHS] for first in range(0, len(epochs), _BLOCK_EPOCHS))


def select(epochs: Float32s, rows: NDArray[np.int64]) -> Float32s:
    """The epochs at rising rows, moved to the front of the same memory: a view of it.

    An hour of 64 channels leaves no room for a second copy.
    """
    if len(rows) == len(epochs):
        return epochs
    for first in range(0, len(rows), _BLOCK_EPOCHS):
        block = rows[first : first + _BLOCK_EPOCHS]
        epochs[first : first + len(block)] = epochs[block]
    return epochs[: len(rows)]


def channel_spreads(epochs: Float32s) -> Float64s:
    """Typical spread of each channel, shape (n_channels,): median over epochs of the deviation within an epoch."""
    deviations = np.concatenate([block.std(axis=2, dtype=np.float64) for block in blocks(epochs)])
    spreads: Float64s = np.median(deviations, axis=0)
    return spreads


def apply_to_channels(matrix: Float64s, epochs: Float32s) -> None:
    """Replace each epoch by ``matrix @ epoch``, in place.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n_channels, n_channels)
    epochs : ndarray of float32, shape (n_epochs, n_channels, n_times)
    """
    single = matrix.astype(np.float32)
    for block in blocks(epochs):
        block[...] = single @ block
