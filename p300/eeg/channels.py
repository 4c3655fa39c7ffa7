"""Bad channels: those that recorded nothing or noise, found without labels by what all channels have in common.

The criteria are those of the PREP pipeline, Bigdely-Shamlo et al. 2015, "The PREP pipeline: standardized
preprocessing for large-scale EEG analysis", Frontiers in Neuroinformatics 9:16, "Detecting noisy or outlier
channels": extreme amplitude, and lack of correlation with any other channel. They look at the filtered epochs,
because noise outside of the band does no harm.

An electrode that works sees what its neighbours see, whatever its gain. So lack of correlation alone condemns a
channel. An extreme amplitude does not: it may be a wrong gain. But a channel of extreme amplitude does not vouch
for another, for two loose electrodes may share their drift.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p300.domain import Float32s, Float64s
from p300.errors import InvalidRecording

logger = logging.getLogger(__name__)

# A hundredth of a microvolt is less than the noise of any EEG amplifier: only rounding is that small.
FLAT_VOLTS = 1e-8

LEAST_CORRELATION = 0.3  # mean over a part of the recording; where a repair begins to pay, see docs/decisions/0008
MOST_PARTS_ALONE = 0.4  # PREP's, for channels that others do not predict
EXTREME_DEVIATIONS = 5.0  # PREP's, of the logarithm of the spread
LEAST_DEVIATION = 0.3  # channels of one cap differ by as much
MOST_BAD = 0.5  # of all channels; with more, those left are no measure of the others

_PARTS = 10
_EPOCHS_A_PART = 20
_FEWEST_A_PART = 6  # else noise follows noise by chance
_FEWEST_FOLLOWING = 3  # a pair may agree by chance


@dataclass(frozen=True)
class Findings:
    """What was found out about the channels of a recording.

    Attributes
    ----------
    flat : ndarray of bool, shape (n_channels,)
    alone : ndarray of float64, shape (n_channels,)
        Share of the recording in which the channel follows no other.
    strength : ndarray of float64, shape (n_channels,)
        Spread over that of the median channel.
    """

    flat: NDArray[np.bool_]
    alone: Float64s
    strength: Float64s

    def reason(self, channel: int) -> str:
        """Why a channel is bad, for people."""
        if self.flat[channel]:
            return "flat"
        return (
            f"follows no other channel in {self.alone[channel]:.0%} of the recording, "
            f"{self.strength[channel]:.2g} times as strong as the median"
        )


def find_bad_channels(epochs: Float32s, channel_names: Sequence[str]) -> dict[int, str]:
    """Bad channels by their number, each with the reason.

    Where hardly any channel follows another, as in montages of distant bipolar pairs, only flat ones are bad.

    Parameters
    ----------
    epochs : ndarray of float32, shape (n_epochs, n_channels, n_times)
        Filtered, in volts.

    Raises
    ------
    InvalidRecording
        More than half of the channels are bad: it names them.
    """
    findings = examine(epochs)
    bad = findings.flat | _alone(findings)
    reasons = {channel: findings.reason(channel) for channel in np.flatnonzero(bad).tolist()}
    if len(reasons) > MOST_BAD * len(bad):
        named = ", ".join(f"{channel_names[channel]} ({reason})" for channel, reason in reasons.items())
        raise InvalidRecording(
            f"{len(reasons)} of {len(bad)} channels are bad, more than can be repaired from the others: {named}; "
            "check electrodes, reference and unit, or set bad_channels to keep in the recipe"
        )
    return reasons


def examine(epochs: Float32s) -> Findings:
    """Compare each channel with the others, in up to ten parts of the recording; a few epochs of each are enough."""
    parts = np.array_split(np.arange(len(epochs)), min(_PARTS, max(1, len(epochs) // _FEWEST_A_PART)))
    spreads, correlations = zip(*(_statistics(epochs[_thinned(part)]) for part in parts), strict=True)
    spread = np.median(np.concatenate(spreads), axis=0)
    flat = spread < FLAT_VOLTS
    strength = spread / (np.median(spread[~flat]) if not flat.all() else 1.0)
    vouching = ~flat & ~_is_extreme(spread, flat)
    closest = np.max(np.abs(correlations) * vouching, axis=2, initial=0.0)
    return Findings(flat, np.mean(closest < LEAST_CORRELATION, axis=0), strength)


def _alone(findings: Findings) -> NDArray[np.bool_]:
    alone: NDArray[np.bool_] = (findings.alone > MOST_PARTS_ALONE) & ~findings.flat
    n_following = np.count_nonzero(~alone & ~findings.flat)
    n_alone = np.count_nonzero(alone)
    if n_alone > MOST_BAD * len(alone) and n_following < _FEWEST_FOLLOWING:
        logger.warning("%d of %d channels follow no other: which are bad cannot be told", n_alone, len(alone))
        return np.zeros_like(alone)
    if len(alone) < _FEWEST_FOLLOWING:
        return np.zeros_like(alone)
    return alone


def _is_extreme(spread: Float64s, flat: NDArray[np.bool_]) -> NDArray[np.bool_]:
    logs = np.log(np.maximum(spread, FLAT_VOLTS))
    if flat.all():
        return np.zeros_like(flat)
    distance = np.abs(logs - np.median(logs[~flat]))
    deviation = max(1.4826 * float(np.median(distance[~flat])), LEAST_DEVIATION)
    extreme: NDArray[np.bool_] = distance > EXTREME_DEVIATIONS * deviation
    return extreme


def _thinned(part: NDArray[np.int64]) -> NDArray[np.int64]:
    return part[:: max(1, len(part) // _EPOCHS_A_PART)]


def _statistics(epochs: Float32s) -> tuple[Float64s, Float64s]:
    """Spread of each channel in each epoch, and the mean over epochs of the correlations, zero with itself."""
    centred = epochs - epochs.mean(axis=2, keepdims=True)
    spreads = np.sqrt(np.square(centred, dtype=np.float64).mean(axis=2))
    standard = (centred / np.maximum(spreads, np.finfo(float).tiny)[:, :, np.newaxis]).astype(np.float32)
    correlations = np.mean(standard @ standard.transpose(0, 2, 1), axis=0, dtype=np.float64) / epochs.shape[2]
    np.fill_diagonal(correlations, 0)
    return spreads, correlations
