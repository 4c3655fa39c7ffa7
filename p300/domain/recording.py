"""The continuous EEG of one subject."""

from dataclasses import dataclass

from p300.domain.arrays import Float32s
from p300.domain.labels import Labels

MICROVOLT = 1e-6


@dataclass(frozen=True)
class Recording:
    """The continuous EEG of one subject.

    Attributes
    ----------
    samples : ndarray of float32, shape (n_channels, n_samples)
        Volts.
    stim : ndarray of int8, shape (n_samples,)
        0 where nothing happens, else the :class:`Label` of the flash that begins here.
    sfreq_hz : float
    channel_names : tuple of str, length n_channels
    """

    samples: Float32s
    stim: Labels
    sfreq_hz: float
    channel_names: tuple[str, ...]
