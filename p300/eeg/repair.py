"""Repair of bad channels: each becomes a mixture of the good ones.

Spherical splines where they interpolate (Perrin et al. 1989, "Spherical splines for scalp potential and current
density mapping", Electroencephalogr. Clin. Neurophysiol. 72), exactly as MNE's ``interpolate_bads`` has them. With
few electrodes, or at the rim of the cap, they extrapolate: their weights alternate in sign and add up to several
times the noise. There, and where positions are unknown, the channel becomes the mean of the good ones, each in units
of its spread: what regression on them comes to if nothing is known but that all are equally alike. A channel that is
noise offers nothing else to learn from.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

import mne
import numpy as np

from p300.domain import BadChannel, Float64s

# Sum of a spline's absolute weights, 1 for a mean: above, noise and gain errors of the good channels are amplified.
MOST_AMPLIFIED = 2.5
# Splines mix volts, so they need good channels of like gain.
MOST_UNLIKE = 10.0

_MONTAGES = ("colin27_1005", "standard_1005")  # one montage: its name since MNE 1.12, and before


def repair(
    channel_names: Sequence[str], reasons: Mapping[int, str], spreads_volts: Float64s
) -> tuple[Float64s, tuple[BadChannel, ...]]:
    """What repairs the bad channels of a recording, ``matrix @ epoch``, and how it does so.

    Parameters
    ----------
    reasons : mapping of int to str
        Bad channels by their number, and why they are bad; at least one channel is good.
    spreads_volts : ndarray of float64, shape (n_channels,)
        Typical spread of each channel.

    Returns
    -------
    ndarray of float64, shape (n_channels, n_channels)
        Rows of good channels are those of the identity.
    tuple of BadChannel
    """
    bad = sorted(reasons)
    good = [channel for channel in range(len(channel_names)) if channel not in reasons]
    matrix = np.eye(len(channel_names))
    splines = _splines(tuple(channel_names), tuple(bad)) if _alike(spreads_volts[good]) else None
    repaired = []
    for channel in bad:
        method: Literal["spline", "mean"] = "mean"
        matrix[channel] = 0
        if splines is not None and np.abs(splines[channel]).sum() <= MOST_AMPLIFIED:
            method, matrix[channel] = "spline", splines[channel]
        else:
            matrix[channel, good] = np.median(spreads_volts[good]) / spreads_volts[good] / len(good)
        repaired.append(BadChannel(channel_names[channel], reasons[channel], method))
    return matrix, tuple(repaired)


def _alike(spreads_volts: Float64s) -> bool:
    return bool(spreads_volts.max() <= MOST_UNLIKE * spreads_volts.min())


@lru_cache(maxsize=64)
def _splines(channel_names: tuple[str, ...], bad: tuple[int, ...]) -> Float64s | None:
    """What MNE's own interpolation makes of the identity; None without positions, or with too few of them."""
    info = mne.create_info(list(channel_names), 100.0, "eeg", verbose="ERROR")
    try:
        info.set_montage(_montage(), match_case=False, verbose="ERROR")
        info["bads"] = [channel_names[channel] for channel in bad]
        unit_pulses = mne.EpochsArray(np.eye(len(channel_names))[np.newaxis], info, verbose="ERROR")
        unit_pulses.interpolate_bads(verbose="ERROR")
    except (ValueError, RuntimeError):
        return None
    matrix: Float64s = unit_pulses.get_data(copy=False)[0]
    return matrix


@lru_cache(maxsize=1)
def _montage() -> mne.channels.DigMontage:
    name = next(name for name in _MONTAGES if name in mne.channels.get_builtin_montages())
    return mne.channels.make_standard_montage(name)
