"""Artifacts: epochs whose swing is larger than EEG's, by a fixed limit or by what is usual in the recording."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p300.domain import MICROVOLT, Float64s, Recipe
from p300.eeg.channels import FLAT_VOLTS

MOST_REJECTED = 0.25  # of the complete epochs, by what is usual
LEAST_DEVIATION = 0.2  # a swing a fifth larger than usual is usual

_CHANNELS_NAMED = 5


@dataclass(frozen=True)
class Rejection:
    """Which epochs are rejected, and by which channel.

    Attributes
    ----------
    exceeds : ndarray of bool, shape (n_epochs, n_channels)
        Where a channel swings by too much.
    limits_volts : ndarray of float64, shape (n_channels,)
        What is too much; infinite for a channel that never swings.
    n_spared : int
        Epochs beyond the recipe's deviations that stay, because more than a quarter would have gone.
    """

    exceeds: NDArray[np.bool_]
    limits_volts: Float64s
    n_spared: int = 0

    @property
    def rejected(self) -> NDArray[np.bool_]:
        """Epochs that some channel spoilt: bool, shape (n_epochs,)."""
        return np.asarray(self.exceeds.any(axis=1))


def reject(swings_volts: Float64s, recipe: Recipe) -> Rejection:
    """Apply both of a recipe's limits, where it has them.

    Parameters
    ----------
    swings_volts : ndarray of float64, shape (n_epochs, n_channels)
        Peak to peak of each epoch; zero for channels that do not count.
    """
    fixed = exceeding(swings_volts, recipe.reject_volts)
    if recipe.reject_deviations is None:
        return fixed
    unusual = exceeding_usual(swings_volts, recipe.reject_deviations)
    limits_volts = np.minimum(fixed.limits_volts, unusual.limits_volts)
    return Rejection(fixed.exceeds | unusual.exceeds, limits_volts, unusual.n_spared)


def peak_to_peak(epochs: Float64s) -> Float64s:
    """Largest less smallest sample of each epoch: shape (n_epochs,) for (n_epochs, n_samples).

    A baseline shifts an epoch as a whole, so it may be taken off before or after.
    """
    swings: Float64s = epochs.max(axis=-1) - epochs.min(axis=-1)
    return swings


def exceeding(swings_volts: Float64s, reject_volts: float | None) -> Rejection:
    """Where a channel swings by more than the limit, if there is one."""
    limit_volts = np.inf if reject_volts is None else reject_volts
    return Rejection(swings_volts > limit_volts, np.full(swings_volts.shape[1], limit_volts))


def exceeding_usual(swings_volts: Float64s, reject_deviations: float) -> Rejection:
    """Where a channel swings by more than what is usual for it, but never in more than a quarter of the epochs.

    A limit of each channel's own, as autoreject has it (Jas et al. 2017, "Autoreject: automated artifact rejection
    for MEG and EEG data", NeuroImage 159), but from median and median absolute deviation instead of cross-validation:
    of the logarithm, for swings are skewed. So the same epochs are rejected whatever the gain. If more than a quarter
    is beyond the limit, the least bad of those stay.
    """
    logs = np.log(np.maximum(swings_volts, FLAT_VOLTS))
    usual = np.median(logs, axis=0)
    deviation = np.maximum(1.4826 * np.median(np.abs(logs - usual), axis=0), LEAST_DEVIATION)
    distances: Float64s = (logs - usual) / deviation
    recording = usual > np.log(FLAT_VOLTS)
    distances[(swings_volts < FLAT_VOLTS) & recording] = np.inf  # it dropped out
    worst = distances.max(axis=1)
    n_kept_at_least = len(worst) - int(MOST_REJECTED * len(worst))
    limit = max(reject_deviations, float(np.sort(worst)[n_kept_at_least - 1]))
    n_spared = np.count_nonzero((worst > reject_deviations) & (worst <= limit))
    limits_volts = np.where(recording, np.exp(usual + limit * deviation), np.inf)
    return Rejection(distances > limit, limits_volts, int(n_spared))


def count_by_channel(exceeds: NDArray[np.bool_], channel_names: Sequence[str]) -> dict[str, int]:
    """How many epochs each channel spoils, worst first, harmless channels left out.

    Parameters
    ----------
    exceeds : ndarray of bool, shape (n_epochs, n_channels)
        An epoch that several channels spoil counts for each of them.
    """
    counts = dict(zip(channel_names, exceeds.sum(axis=0).tolist(), strict=True))
    return {name: count for name, count in sorted(counts.items(), key=lambda item: -item[1]) if count}


def describe(rejected_by_channel: dict[str, int], recipe: Recipe) -> str:
    """``over 100 microvolts peak to peak on PO7 (12), Fz (3)``."""
    limits = []
    if recipe.reject_volts is not None:
        limits.append(f"over {recipe.reject_volts / MICROVOLT:g} microvolts peak to peak")
    if recipe.reject_deviations is not None:
        limits.append(f"over {recipe.reject_deviations:g} deviations above the usual swing")
    worst = [f"{name} ({count})" for name, count in list(rejected_by_channel.items())[:_CHANNELS_NAMED]]
    n_more = len(rejected_by_channel) - len(worst)
    more = f" and {n_more} more channels" if n_more else ""
    return f"{' or '.join(limits)} on {', '.join(worst)}{more}"
