"""XDF, the format of LabRecorder, which MNE does not read: by pyxdf into an MNE recording."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pyxdf

from p300.domain import Float64s
from p300.errors import InvalidRecording

Stream = Mapping[str, Any]

_VOLTS = {"v": 1.0, "volt": 1.0, "volts": 1.0, "mv": 1e-3, "millivolt": 1e-3, "millivolts": 1e-3}
_MICROVOLTS = 1e-6  # what LSL recommends, and what a stream without a unit is taken for
_TYPES = {"eeg": "eeg", "eog": "eog", "ecg": "ecg", "emg": "emg", "stim": "stim", "trigger": "stim"}


def read_raw_xdf(path: Path) -> mne.io.RawArray:
    """Read the one stream of type EEG, annotated with the samples of every stream of type Markers.

    Raises
    ------
    InvalidRecording
        There is no stream of EEG, or more than one, or it has no fixed rate.
    """
    streams, _ = pyxdf.load_xdf(str(path))
    eeg = _eeg_stream(streams, path)
    stamps_s: Float64s = eeg["time_stamps"]
    sfreq_hz = float(eeg["info"]["nominal_srate"][0])
    if sfreq_hz <= 0 or not len(stamps_s):
        raise InvalidRecording(f"{path}: its stream of type EEG has no fixed rate or no samples")
    names, types, factors = _channels(eeg)
    info = mne.create_info(names, sfreq_hz, types)
    raw = mne.io.RawArray(np.asarray(eeg["time_series"], dtype=np.float64).T * factors, info, verbose="ERROR")
    raw.set_annotations(_annotations(streams, stamps_s, sfreq_hz))
    return raw


def _eeg_stream(streams: Sequence[Stream], path: Path) -> Stream:
    found = [stream for stream in streams if _type(stream) == "eeg"]
    if len(found) != 1:
        kinds = ", ".join(f"{stream['info']['name'][0]!r} ({stream['info']['type'][0]})" for stream in streams)
        raise InvalidRecording(
            f"{path} has {len(found)} streams of type EEG, expected one; there are {kinds or 'none'}"
        )
    return found[0]


def _type(stream: Stream) -> str:
    return str(stream["info"]["type"][0]).lower()


def _channels(stream: Stream) -> tuple[list[str], list[str], Float64s]:
    """Names, MNE types and factors to volts, shape (n_channels, 1), as far as the stream describes its channels."""
    n_channels = int(stream["info"]["channel_count"][0])
    described = _described_channels(stream)
    if len(described) != n_channels:
        described = [{}] * n_channels
    names = [_first(channel, "label") or f"eeg_ch{number}" for number, channel in enumerate(described, start=1)]
    types = [_TYPES.get((_first(channel, "type") or "eeg").lower(), "misc") for channel in described]
    units = [(_first(channel, "unit") or "").lower() for channel in described]
    factors = [
        _VOLTS.get(unit, _MICROVOLTS) if kind != "stim" else 1.0 for kind, unit in zip(types, units, strict=True)
    ]
    return names, types, np.array(factors)[:, None]


def _described_channels(stream: Stream) -> list[Mapping[str, Any]]:
    description = (stream["info"].get("desc") or [None])[0] or {}
    channels = (description.get("channels") or [None])[0] or {}
    return list(channels.get("channel", []))


def _first(channel: Mapping[str, Any], key: str) -> str | None:
    values: Sequence[str | None] = channel.get(key) or [None]
    return values[0]


def _annotations(streams: Sequence[Stream], stamps_s: Float64s, sfreq_hz: float) -> mne.Annotations:
    """Each marker on the sample nearest in time: what the clocks say, not the nominal rate, decides."""
    onsets_s, texts = [], []
    for stream in streams:
        if _type(stream) != "markers":
            continue
        for stamp_s, values in zip(stream["time_stamps"], stream["time_series"], strict=True):
            onsets_s.append(_nearest(stamps_s, stamp_s) / sfreq_hz)
            texts.append(str(np.atleast_1d(values)[0]))
    return mne.Annotations(onsets_s, 0.0, texts)


def _nearest(stamps_s: Float64s, moment_s: float) -> int:
    after = int(np.clip(np.searchsorted(stamps_s, moment_s), 1, len(stamps_s) - 1))
    return after - int(moment_s - stamps_s[after - 1] < stamps_s[after] - moment_s)
