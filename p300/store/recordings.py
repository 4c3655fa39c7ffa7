"""Recordings as Parquet."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from p300.domain import MICROVOLT, Float32s, Labels, Recording
from p300.errors import InvalidRecording

DEFAULT_SFREQ_HZ = 512.0
LOWEST_SFREQ_HZ = 100.0


def encode_recording(recording: Recording) -> bytes:
    """Parquet of a recording: ``eeg_ch1`` to ``eeg_chK`` in microvolts and ``stim``."""
    microvolts = recording.samples / np.float32(MICROVOLT)
    columns = {f"eeg_ch{number}": samples for number, samples in enumerate(microvolts, start=1)}
    metadata = {
        "sfreq_hz": repr(float(recording.sfreq_hz)),
        "channel_names": json.dumps(list(recording.channel_names)),
        "unit": "uV",
    }
    table = pa.table({**columns, "stim": recording.stim.astype(np.int32)}).replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=["stim"])
    return bytes(sink.getvalue())


def decode_recording(data: bytes) -> Recording:
    """Read a recording and check it.

    Parameters
    ----------
    data : bytes
        A Parquet file. Without metadata it is read as 512 Hz, ``eeg_chN`` and microvolts.

    Raises
    ------
    InvalidRecording
        With one sentence that says what is wrong and what was expected.
    """
    try:
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            columns = _eeg_columns(file.schema_arrow.names)
            table = file.read([*columns, "stim"])
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InvalidRecording(f"the file does not parse as Parquet ({reason}); write it again") from error
    sfreq_hz, channel_names = _read_metadata(table.schema.metadata or {}, columns)
    samples = np.empty((len(columns), table.num_rows), dtype=np.float32)
    for row, name in enumerate(columns):
        np.multiply(_numbers(table, name), MICROVOLT, out=samples[row], casting="same_kind")
    stim = _read_stim(_numbers(table, "stim"))
    _check_samples(samples, columns)
    return Recording(samples, stim, sfreq_hz, channel_names)


def _eeg_columns(names: Sequence[str]) -> list[str]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InvalidRecording(f"duplicate columns: {', '.join(repeated)}; every column must stand once")
    if "stim" not in names:
        raise InvalidRecording(f"there is no column 'stim' (0 none, 1 NonTarget, 2 Target) among {_listed(names)}")
    columns = [f"eeg_ch{number}" for number in range(1, 1 + sum(name.startswith("eeg_ch") for name in names))]
    if not columns:
        raise InvalidRecording(f"there are no EEG columns eeg_ch1, eeg_ch2, ... among {_listed(names)}")
    missing = [name for name in columns if name not in names]
    if missing:
        raise InvalidRecording(f"EEG columns must run from eeg_ch1 to {columns[-1]}, but {missing[0]} is missing")
    return columns


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6])
    return f"{shown} and {len(names) - 6} more" if len(names) > 6 else shown or "no columns"


def _read_metadata(metadata: Mapping[bytes, bytes], columns: Sequence[str]) -> tuple[float, tuple[str, ...]]:
    unit = metadata.get(b"unit", b"uV").decode(errors="replace")
    if unit != "uV":
        raise InvalidRecording(f"metadata 'unit' is {unit!r}, expected 'uV'")
    text = metadata.get(b"sfreq_hz", str(DEFAULT_SFREQ_HZ).encode()).decode(errors="replace")
    try:
        sfreq_hz = float(text)
    except ValueError:
        sfreq_hz = float("nan")
    if not LOWEST_SFREQ_HZ <= sfreq_hz < float("inf"):
        raise InvalidRecording(f"metadata 'sfreq_hz' is {text!r}, expected a rate of at least {LOWEST_SFREQ_HZ:g} Hz")
    return sfreq_hz, _read_channel_names(metadata.get(b"channel_names"), columns)


def _read_channel_names(text: bytes | None, columns: Sequence[str]) -> tuple[str, ...]:
    if text is None:
        return tuple(columns)
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidRecording("metadata 'channel_names' is no JSON list of names")
    if len(names) != len(columns) or len(set(names)) != len(names):
        raise InvalidRecording(
            f"metadata 'channel_names' gives {len(set(names))} different names for {len(columns)} EEG columns"
        )
    return tuple(names)


def _numbers(table: pa.Table, name: str) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    column = table.column(name)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise InvalidRecording(f"column {name!r} holds {column.type}, expected numbers")
    if column.null_count:
        raise InvalidRecording(f"column {name!r} has {column.null_count} missing values, expected a number in each row")
    numbers: np.ndarray[tuple[int], np.dtype[np.generic]] = column.to_numpy()
    return numbers


def _read_stim(codes: np.ndarray[tuple[int], np.dtype[np.generic]]) -> Labels:
    stim = codes.astype(np.int8, casting="unsafe") if np.isfinite(codes).all() else np.zeros(0, dtype=np.int8)
    if stim.shape != codes.shape or not np.array_equal(stim, codes) or not np.isin(stim, (0, 1, 2)).all():
        strange = codes[~np.isin(codes, (0, 1, 2))][0]
        raise InvalidRecording(f"'stim' holds the code {strange:g}, expected 0 none, 1 NonTarget or 2 Target")
    for code, name in ((2, "Target"), (1, "NonTarget")):
        if not (stim == code).any():
            raise InvalidRecording(f"there is no {name} flash: 'stim' is {code} nowhere")
    return stim


def _check_samples(samples: Float32s, columns: Sequence[str]) -> None:
    for name, channel in zip(columns, samples, strict=True):
        low, high = channel.min(), channel.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            row = int(np.flatnonzero(~np.isfinite(channel))[0])
            raise InvalidRecording(f"column {name!r} is not finite at row {row}, expected a number in each row")
        if low == high:
            value = low / np.float32(MICROVOLT)
            raise InvalidRecording(f"column {name!r} is constant at {value:g} uV: the electrode recorded nothing")
