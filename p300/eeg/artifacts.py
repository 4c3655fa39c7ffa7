"""Artifacts: epochs whose swing on any channel is larger than EEG's."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from p300.domain import MICROVOLT, Float64s

_CHANNELS_NAMED = 5


def peak_to_peak(epochs: Float64s) -> Float64s:
    """Largest less smallest sample of each epoch: shape (n_epochs,) for (n_epochs, n_samples).

    A baseline shifts an epoch as a whole, so it may be taken off before or after.
    """
    swings: Float64s = epochs.max(axis=-1) - epochs.min(axis=-1)
    return swings


def exceeding(swings_volts: Float64s, reject_volts: float | None) -> NDArray[np.bool_]:
    """Where a channel swings by more than the limit, if there is one: bool, of the same shape."""
    return swings_volts > (np.inf if reject_volts is None else reject_volts)


def count_by_channel(exceeds: NDArray[np.bool_], channel_names: Sequence[str]) -> dict[str, int]:
    """How many epochs each channel spoils, worst first, harmless channels left out.

    Parameters
    ----------
    exceeds : ndarray of bool, shape (n_epochs, n_channels)
        An epoch that several channels spoil counts for each of them.
    """
    counts = dict(zip(channel_names, exceeds.sum(axis=0).tolist(), strict=True))
    return {name: count for name, count in sorted(counts.items(), key=lambda item: -item[1]) if count}


def describe(rejected_by_channel: dict[str, int], reject_volts: float) -> str:
    """``over 100 microvolts peak to peak on PO7 (12), Fz (3)``."""
    worst = [f"{name} ({count})" for name, count in list(rejected_by_channel.items())[:_CHANNELS_NAMED]]
    n_more = len(rejected_by_channel) - len(worst)
    more = f" and {n_more} more channels" if n_more else ""
    return f"over {reject_volts / MICROVOLT:g} microvolts peak to peak on {', '.join(worst)}{more}"
