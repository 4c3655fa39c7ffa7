"""The whole chain: from a recording to the feature vectors of its epochs.

Filter, cut, reject, baseline, resample, normalise, as ``docs/signal.md`` has it. The result equals
MNE's ``raw.filter``, ``Epochs(baseline, reject)`` and ``resample`` in turn.
"""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from p300.domain import Float32s, Float64s, Label, Labels, Recording
from p300.domain.recipe import Recipe
from p300.eeg.artifacts import count_by_channel, describe, exceeding, peak_to_peak
from p300.eeg.epochs import are_complete, cut, epoch_map, sample_window
from p300.eeg.filters import apply_filter, design_band_pass
from p300.eeg.normalisation import normalise
from p300.errors import InvalidRecording

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EpochFeatures:
    """What the chain makes of a recording.

    Attributes
    ----------
    features : ndarray of float32, shape (n_epochs, n_channels * n_times)
        Channel-major: all times of the first channel, then of the second.
    labels : ndarray of int8, shape (n_epochs,)
        :class:`Label` of each epoch.
    epochs : ndarray of int32, shape (n_epochs,)
        Number of the flash within the recording, from 0, counted before any was left out.
    onset_samples : ndarray of int64, shape (n_epochs,)
        Sample of the flash in the recording, at its own rate.
    n_flashes : int
        Flashes in the recording: ``n_epochs + n_incomplete + n_rejected``.
    n_incomplete : int
        Flashes too near an end of the recording for a whole epoch.
    n_rejected : int
        Complete epochs that were rejected.
    rejected_by_channel : dict of str to int
        How many of those each channel spoilt, worst first; several may spoil the same one.
    """

    features: Float32s
    labels: Labels
    epochs: NDArray[np.int32]
    onset_samples: NDArray[np.int64]
    n_flashes: int
    n_incomplete: int
    n_rejected: int
    rejected_by_channel: dict[str, int]


def extract_features(recording: Recording, recipe: Recipe) -> EpochFeatures:
    """Apply a recipe to a recording. Every sample of ``stim`` that is not 0 is a flash.

    Raises
    ------
    InvalidRecording
        It is too slow for the recipe, no epoch of a class is left, or all its channels are flat.
    """
    window = sample_window(recipe.window_s, recording.sfreq_hz)
    flashes = np.flatnonzero(recording.stim)
    complete = np.flatnonzero(are_complete(flashes, window, len(recording.stim)))
    if not complete.size:
        raise InvalidRecording(_nothing_complete(recording, recipe, len(flashes)))

    # Subjects are what runs in parallel; on busy cores, BLAS threads waiting for one another made this 3 times slower.
    with threadpool_limits(limits=1, user_api="blas"):
        epochs, swings_volts = _epochs_and_swings(recording, recipe, flashes[complete])
    exceeds = exceeding(swings_volts, recipe.reject_volts)
    good = ~exceeds.any(axis=1)
    kept = complete[good]
    labels: Labels = recording.stim[flashes[kept]]
    rejected_by_channel = count_by_channel(exceeds, recording.channel_names)
    _require_both_classes(labels, recipe, n_complete=len(complete), rejected_by_channel=rejected_by_channel)
    normalised = normalise(epochs[good], recipe.normalisation)
    return EpochFeatures(
        features=normalised.reshape(len(kept), -1),
        labels=labels,
        epochs=kept.astype(np.int32),
        onset_samples=flashes[kept],
        n_flashes=len(flashes),
        n_incomplete=len(flashes) - len(complete),
        n_rejected=len(complete) - len(kept),
        rejected_by_channel=rejected_by_channel,
    )


def _epochs_and_swings(
    recording: Recording, recipe: Recipe, onset_samples: NDArray[np.int64]
) -> tuple[Float32s, Float64s]:
    """Epochs after baseline and resampling, and the peak to peak of each before.

    One channel at a time, so that no more than one is ever held at full rate and precision.
    """
    window = sample_window(recipe.window_s, recording.sfreq_hz)
    taps = design_band_pass(recipe.band_hz, recording.sfreq_hz)
    if len(recording.stim) < len(taps):
        logger.warning("%d samples, but the filter has %d: expect distortion", len(recording.stim), len(taps))
    to_features = epoch_map(recipe, recording.sfreq_hz)
    shape = (len(onset_samples), len(recording.samples))
    swings_volts = np.empty(shape)
    epochs = np.empty((*shape, to_features.shape[1]), np.float32)
    for channel, samples in enumerate(recording.samples):
        windows = cut(apply_filter(samples, taps), onset_samples, window)
        swings_volts[:, channel] = peak_to_peak(windows)
        np.matmul(windows.astype(np.float32), to_features, out=epochs[:, channel])
    return epochs, swings_volts


def _nothing_complete(recording: Recording, recipe: Recipe, n_flashes: int) -> str:
    if not n_flashes:
        return "there is no flash: stim is 0 throughout, expected 1 (NonTarget) and 2 (Target) where one begins"
    start_s, stop_s = recipe.window_s
    return (
        f"none of the {n_flashes} flashes has a whole epoch, from {start_s:g} to {stop_s:g} s around it: "
        f"the recording lasts {len(recording.stim) / recording.sfreq_hz:.2f} s; "
        "record on before the first and after the last flash, or narrow window_s in the recipe"
    )


def _require_both_classes(
    labels: Labels, recipe: Recipe, *, n_complete: int, rejected_by_channel: dict[str, int]
) -> None:
    missing = [label.name for label in Label if label not in labels]
    if not missing:
        return
    left = f"no {' and no '.join(missing)} epoch is left"
    if not rejected_by_channel or recipe.reject_volts is None:
        raise InvalidRecording(f"{left} of {n_complete}: a recording needs flashes of both kinds in stim")
    raise InvalidRecording(
        f"{left}: {n_complete - len(labels)} of {n_complete} were rejected, "
        f"{describe(rejected_by_channel, recipe.reject_volts)}; repair or leave out these channels, "
        "check that samples are in microvolts, or raise reject_volts in the recipe"
    )
