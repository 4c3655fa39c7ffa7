"""The continuous EEG of one subject."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from p300.domain.arrays import Float32s
from p300.domain.labels import Labels

MICROVOLT = 1e-6
HIGHEST_SFREQ_HZ = 100_000.0  # faster than any EEG amplifier; a filter for more would fill the memory


class Channels(Protocol):
    """The samples of each channel in volts, float32 of shape (n_samples,).

    An array of shape (n_channels, n_samples) is one. That of a stored recording reads a channel each time
    it is asked for one, because all of them may not fit into memory: ask once, in order.
    """

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Float32s]: ...


@dataclass(frozen=True)
class Recording:
    """The continuous EEG of one subject.

    Attributes
    ----------
    samples : Channels
        Volts of each channel, by an array of float32 of shape (n_channels, n_samples) or read when asked for.
    stim : ndarray of int8, shape (n_samples,)
        0 where nothing happens, else the :class:`Label` of a flash, at its onset or as long as it is held.
    sfreq_hz : float
    channel_names : tuple of str, length n_channels
    """

    samples: Channels
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
