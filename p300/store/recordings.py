"""Recordings as Parquet: written as a whole, read a channel at a time, or a few where they are short."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from p300.domain import MICROVOLT, Float32s, Labels, Recording
from p300.errors import InvalidRecording, Unavailable
from p300.store.recording_header import STIM, read_header, require_small_footer

# Channels that are decoded at once, on all cores; one alone may take more.
DECODED_BYTES = 8 * 2**20

Numbers = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]


def encode_recording(recording: Recording) -> bytes:
    """Parquet of a recording: ``eeg_ch1`` to ``eeg_chK`` in microvolts and ``stim``."""
    columns = {
        f"eeg_ch{number}": samples / np.float32(MICROVOLT) for number, samples in enumerate(recording.samples, start=1)
    }
    metadata = {
        "sfreq_hz": repr(float(recording.sfreq_hz)),
        "channel_names": json.dumps(list(recording.channel_names)),
        "unit": "uV",
    }
    table = pa.table({**columns, STIM: recording.stim.astype(np.int32)}).replace_schema_metadata(metadata)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", use_dictionary=[STIM])
    return sink.getvalue()


def decode_recording(data: bytes) -> Recording:
    """Read a whole recording into memory, and check it; see :func:`open_recording`."""
    with open_recording(io.BytesIO(data)) as recording:
        return replace(recording, samples=np.stack(list(recording.samples)))


@contextmanager
def open_recording(file: BinaryIO) -> Iterator[Recording]:
    """The recording in an open Parquet file, whose channels are read and checked when they are asked for.

    Parameters
    ----------
    file : binary file
        Without metadata it is read as 512 Hz, ``eeg_chN`` and microvolts. It must stay open as long
        as channels are asked for.

    Raises
    ------
    InvalidRecording
        With one sentence that says what is wrong and what was expected, also from a channel.
    """
    require_small_footer(file)
    with _parsing():
        parquet = pq.ParquetFile(file)
    with parquet:
        with _parsing():
            header = read_header(parquet)
        (codes,) = _read_numbers(parquet, [STIM])
        stim = _read_stim(codes)
        channels = StoredChannels(parquet, header.columns)
        yield Recording(channels, stim, header.sfreq_hz, header.channel_names)


class StoredChannels:
    """The channels of an open file in volts, each read and checked when it is its turn."""

    def __init__(self, file: pq.ParquetFile, columns: Sequence[str]) -> None:
        self._file, self._columns = file, columns

    def __len__(self) -> int:
        return len(self._columns)

    def __iter__(self) -> Iterator[Float32s]:
        rows = max(1, self._file.metadata.num_rows)
        n_at_once = max(1, DECODED_BYTES // (rows * np.dtype(np.float64).itemsize))
        for start in range(0, len(self._columns), n_at_once):
            names = self._columns[start : start + n_at_once]
            yield from map(self._volts, names, _read_numbers(self._file, names))

    def _volts(self, name: str, numbers: Numbers) -> Float32s:
        volts = np.empty(len(numbers), dtype=np.float32)
        np.multiply(numbers, MICROVOLT, out=volts, casting="same_kind")
        _check_samples(volts, name)
        return volts


@contextmanager
def _parsing() -> Iterator[None]:
    """What pyarrow says of a damaged file, in a sentence; what the disk says is another matter."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
        if isinstance(error, OSError) and error.errno:
            raise Unavailable(f"the file could not be read to its end ({reason}): check that disk") from error
        raise InvalidRecording(f"the file does not parse as Parquet ({reason}); write it again") from error


def _read_numbers(file: pq.ParquetFile, names: Sequence[str]) -> Iterator[Numbers]:
    with _parsing():
        columns = file.read(names, use_threads=len(names) > 1)
    return (_numbers(columns.column(name), name) for name in names)


def _numbers(column: pa.ChunkedArray, name: str) -> Numbers:
    if column.null_count:
        raise InvalidRecording(f"column {name!r} has {column.null_count} missing values, expected a number in each row")
    # A product with a float16 would be rounded to one.
    numbers: Numbers = (column.cast(pa.float32()) if column.type == pa.float16() else column).to_numpy()
    return numbers


def _read_stim(codes: Numbers) -> Labels:
    strange = ~((codes == 0) | (codes == 1) | (codes == 2))
    if strange.any():
        code = codes[np.argmax(strange)]
        raise InvalidRecording(f"'stim' holds the code {code:g}, expected 0 none, 1 NonTarget or 2 Target")
    stim: Labels = codes.astype(np.int8)
    for code, name in ((2, "Target"), (1, "NonTarget")):
        if not (stim == code).any():
            raise InvalidRecording(f"there is no {name} flash: 'stim' is {code} nowhere")
    return stim


def _check_samples(volts: Float32s, name: str) -> None:
    low, high = volts.min(), volts.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        row = int(np.flatnonzero(~np.isfinite(volts))[0])
        raise InvalidRecording(f"column {name!r} is not finite at row {row}, expected a number in each row")
    if low == high:
        value = low / np.float32(MICROVOLT)
        raise InvalidRecording(f"column {name!r} is constant at {value:g} uV: the electrode recorded nothing")
