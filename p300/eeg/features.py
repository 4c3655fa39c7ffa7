"""The whole chain: from a recording to the feature vectors of its epochs.

Filter, cut, repair bad channels, reject, baseline, resample, normalise, as ``docs/signal.md`` has it. The
result equals MNE's ``raw.filter``, ``Epochs(baseline, reject)``, ``resample`` and ``interpolate_bads`` in turn.
"""

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from p300.domain import (
    HIGHEST_SFREQ_HZ,
    BadChannel,
    FeatureTable,
    Float32s,
    Float64s,
    Label,
    Labels,
    Provenance,
    Recipe,
    Recording,
)
from p300.eeg.artifacts import count_by_channel, describe, peak_to_peak, reject
from p300.eeg.channels import find_bad_channels
from p300.eeg.epochs import apply_to_channels, are_complete, channel_spreads, cut, epoch_map, sample_window, select
from p300.eeg.filters import apply_filter, design_band_pass
from p300.eeg.normalisation import normalising_matrix
from p300.eeg.repair import repair
from p300.errors import InvalidRecording

logger = logging.getLogger(__name__)

_FLASHES_AT_ONCE = 256  # their windows at full rate and precision stay in the CPU's cache, and small in an hour


def extract_features(recording: Recording, recipe: Recipe, *, raw_key: str = "", raw_sha256: str = "") -> FeatureTable:
    """Apply a recipe to a recording. Its channels are asked for once, one after the other.

    Parameters
    ----------
    raw_key, raw_sha256 : str
        For the table's provenance: the raw object, and the hash of its bytes.

    Raises
    ------
    InvalidRecording
        It is too slow for the recipe, no epoch of a class is left, or most of its channels are bad.
    """
    if not recording.sfreq_hz <= HIGHEST_SFREQ_HZ:
        raise InvalidRecording(f"sampled at {recording.sfreq_hz:g} Hz, expected at most {HIGHEST_SFREQ_HZ:.0f} Hz")
    window = sample_window(recipe.window_s, recording.sfreq_hz)
    flashes = recording.onset_samples
    complete = np.flatnonzero(are_complete(flashes, window, len(recording.stim)))
    if not complete.size:
        raise InvalidRecording(_nothing_complete(recording, recipe, len(flashes)))

    # Subjects are what runs in parallel; on busy cores, BLAS threads waiting for one another made this 3 times slower.
    with threadpool_limits(limits=1, user_api="blas"):
        epochs, swings_volts = _epochs_and_swings(recording, recipe, flashes[complete])
        bad_channels = _repair(epochs, swings_volts, recording.channel_names) if recipe.bad_channels == "repair" else ()
        rejection = reject(swings_volts, recipe)
        if rejection.n_spared:
            logger.warning("%d epochs beyond %g deviations are kept", rejection.n_spared, recipe.reject_deviations)
        good = np.flatnonzero(~rejection.rejected)
        kept = complete[good]
        labels: Labels = recording.stim[flashes[kept]]
        rejected_by_channel = count_by_channel(rejection.exceeds, recording.channel_names)
        _require_both_classes(labels, recipe, n_complete=len(complete), rejected_by_channel=rejected_by_channel)
        epochs = select(epochs, good)
        to_units = normalising_matrix(epochs, recipe.normalisation, len(bad_channels))
        apply_to_channels(to_units, epochs)
    return FeatureTable(
        features=epochs.reshape(len(kept), -1),
        labels=labels,
        epochs=kept.astype(np.int32),
        onset_samples=flashes[kept],
        provenance=Provenance(
            recipe=recipe,
            source_sfreq_hz=recording.sfreq_hz,
            channel_names=recording.channel_names,
            raw_key=raw_key,
            raw_sha256=raw_sha256,
            n_flashes=len(flashes),
            n_kept=len(kept),
            n_incomplete=len(flashes) - len(complete),
            n_rejected=len(complete) - len(kept),
            rejected_by_channel=rejected_by_channel,
            n_target_flashes=int((recording.stim[flashes] == Label.Target).sum()),
            bad_channels=bad_channels,
            limits_volts={
                name: float(limit)
                for name, limit in zip(recording.channel_names, rejection.limits_volts, strict=True)
                if np.isfinite(limit)
            },
            n_spared=rejection.n_spared,
        ),
        to_volts=np.linalg.pinv(to_units).astype(np.float32),
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
    shape = (len(onset_samples), len(recording.channel_names))
    swings_volts = np.empty(shape)
    epochs = np.empty((*shape, to_features.shape[1]), np.float32)
    for channel, samples in enumerate(recording.samples):
        filtered = apply_filter(samples, taps)
        for first in range(0, len(onset_samples), _FLASHES_AT_ONCE):
            rows = slice(first, first + _FLASHES_AT_ONCE)
            windows = cut(filtered, onset_samples[rows], window)
            swings_volts[rows, channel] = peak_to_peak(windows)
            np.matmul(windows.astype(np.float32), to_features, out=epochs[rows, channel])
    return epochs, swings_volts


def _repair(epochs: Float32s, swings_volts: Float64s, channel_names: Sequence[str]) -> tuple[BadChannel, ...]:
    """Repair the bad channels in place. They reject nothing: as in MNE, only good channels are asked."""
    reasons = find_bad_channels(epochs, channel_names)
    if not reasons:
        return ()
    matrix, bad_channels = repair(channel_names, reasons, channel_spreads(epochs))
    apply_to_channels(matrix, epochs)
    swings_volts[:, list(reasons)] = 0
    for each in bad_channels:
        logger.warning("channel %s is bad (%s): repaired by %s", each.name, each.reason, each.repair)
    return bad_channels


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
    if not rejected_by_channel:
        raise InvalidRecording(f"{left} of {n_complete}: a recording needs flashes of both kinds in stim")
    raise InvalidRecording(
        f"{left}: {n_complete - len(labels)} of {n_complete} were rejected, "
        f"{describe(rejected_by_channel, recipe)}; repair or leave out these channels, "
        f"check that samples are in microvolts, or raise {_limits(recipe)} in the recipe"
    )


def _limits(recipe: Recipe) -> str:
    return " and ".join(name for name in ("reject_volts", "reject_deviations") if getattr(recipe, name) is not None)
