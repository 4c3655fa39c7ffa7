"""Samples of MNE recordings in a row, read a block at a time: no file is ever held as a whole in float64."""

import logging
from collections.abc import Iterator, Sequence

import mne
import numpy as np

from p300.domain import Float32s, Float64s
from p300.errors import InvalidRecording

logger = logging.getLogger(__name__)

_PLAUSIBLE_VOLTS = 0.05
_BLOCK_SAMPLES = 1 << 17


def join_samples(raws: Sequence[mne.io.BaseRaw], names: Sequence[str], channel_names: Sequence[str]) -> Float32s:
    """Volts of some channels of each recording, shape (n_channels, n_samples of all).

    Each is shifted to begin where the one before ends: a step would ring through the filter.

    Raises
    ------
    InvalidRecording
        One cannot be read to its end, or a channel holds no numbers or nothing at all, or another unit; by name.
    """
    joined = np.empty((len(channel_names), sum(raw.n_times for raw in raws)), np.float32)
    n_done, end_volts = 0, None
    for raw, name in zip(raws, names, strict=True):
        spread = _Spread(channel_names, name)
        shift_volts: Float64s | None = None
        for block in _blocks(raw, channel_names, name):
            spread.add(block)
            if shift_volts is None:
                shift_volts = np.zeros((len(block), 1)) if end_volts is None else end_volts - block[:, :1]
            shifted = block + shift_volts
            joined[:, n_done : n_done + shifted.shape[1]] = shifted
            n_done += shifted.shape[1]
            end_volts = shifted[:, -1:].copy()
        spread.require_eeg()
    return joined


def _blocks(raw: mne.io.BaseRaw, channel_names: Sequence[str], name: str) -> Iterator[Float64s]:
    picks = [raw.ch_names.index(channel) for channel in channel_names]
    for start in range(0, raw.n_times, _BLOCK_SAMPLES):
        stop = min(start + _BLOCK_SAMPLES, raw.n_times)
        try:
            block: Float64s = raw.get_data(picks=picks, start=start, stop=stop, verbose="ERROR")
        # Each reader fails in its own ways on a damaged file; what the user can do about it is the same.
        except Exception as error:
            logger.debug("%s could not be read", name, exc_info=True)
            raise InvalidRecording(
                f"{name} cannot be read from sample {start} on: {reason_of(error)}; it is damaged or incomplete"
            ) from error
        yield block


def reason_of(error: Exception) -> str:
    """What a reader of MNE's says, on one line."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


class _Spread:
    """Standard deviation and range of each channel, block after block, counted from its first sample."""

    def __init__(self, channel_names: Sequence[str], name: str) -> None:
        self._channel_names, self._name = channel_names, name
        self._first: Float64s | None = None
        self._sums = np.zeros((3, len(channel_names)))  # of samples, of their squares, of their magnitudes
        self._n_samples = 0

    def add(self, block: Float64s) -> None:
        if self._first is None:
            self._first = block[:, :1].copy()
        with np.errstate(invalid="ignore"):
            away = block - self._first
        self._sums += [away.sum(axis=1), (away**2).sum(axis=1), np.abs(away).sum(axis=1)]
        self._n_samples += block.shape[1]

    def require_eeg(self) -> None:
        """Raise InvalidRecording where a channel cannot be used, or all of them are of another unit."""
        means, squares, magnitudes = self._sums / self._n_samples
        for channel, magnitude in zip(self._channel_names, magnitudes, strict=True):
            if not np.isfinite(magnitude):
                raise InvalidRecording(f"{self._name}: channel {channel!r} has samples that are no numbers; exclude it")
            if magnitude == 0:
                raise InvalidRecording(
                    f"{self._name}: channel {channel!r} is constant, it recorded nothing; exclude it"
                )
        spread_volts = float(np.median(np.sqrt(np.maximum(squares - means**2, 0))))
        if spread_volts > _PLAUSIBLE_VOLTS:
            raise InvalidRecording(
                f"{self._name} spreads over {spread_volts:.3g} V, and EEG over microvolts: "
                "the file states a wrong unit, or none"
            )
