"""The continuous EEG of one subject."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p300.domain.arrays import Float32s
from p300.domain.labels import Labels

MICROVOLT = 1e-6
HIGHEST_SFREQ_HZ = 100_000.0  # faster than any EEG amplifier; a filter for more would fill the memory


@dataclass(frozen=True)
class Recording:
    """The continuous EEG of one subject.

    Attributes
    ----------
    samples : ndarray of float32, shape (n_channels, n_samples)
        Volts.
    stim : ndarray of int8, shape (n_samples,)
        0 where nothing happens, else the :class:`Label` of a flash, at its onset or as long as it is held.
    sfreq_hz : float
    channel_names : tuple of str, length n_channels
    """

    samples: Float32s
    stim: Labels
    sfreq_hz: float
    channel_names: tuple[str, ...]

    @property
    def onset_samples(self) -> NDArray[np.int64]:
        """Where flashes begin: shape (n_flashes,)."""
        return code_onsets(self.stim)


def code_onsets(codes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Samples where a trigger begins: its code is not 0 and not that of the sample before.

    A code that is held for many samples is one trigger; two codes side by side are two.
    """
    onsets: NDArray[np.int64] = np.flatnonzero((codes != 0) & (np.diff(codes, prepend=0) != 0))
    return onsets
