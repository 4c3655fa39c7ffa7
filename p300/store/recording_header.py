"""What the footer of a recording's file says, checked before any sample is read."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from p300.domain import HIGHEST_SFREQ_HZ
from p300.errors import InvalidRecording

DEFAULT_SFREQ_HZ = 512.0
LOWEST_SFREQ_HZ = 100.0
# Two hours at 2,048 Hz, eight at 512 Hz. One channel of it is what a job holds of a recording at a time.
MOST_SAMPLES = 16_000_000
MOST_CHANNELS = 512
LONGEST_NAME = 64
STIM = "stim"

_EEG_COLUMN = re.compile(r"eeg_ch([1-9][0-9]*)")
_EEG_PREFIX = "eeg_ch"
_MOST_FOOTER_BYTES = 16 * 1024 * 1024
_MOST_METADATA_BYTES = 128 * 1024
_MAGIC = b"PAR1"
# A sample is at most eight bytes, once in a dictionary and once as itself.
_MOST_SAMPLE_BYTES = 16
_SPARE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class RecordingHeader:
    """What a recording is, without its samples: the columns of its channels in the order of their numbers."""

    columns: tuple[str, ...]
    channel_names: tuple[str, ...]
    sfreq_hz: float


def require_small_footer(file: BinaryIO) -> None:
    """Raise InvalidRecording where the footer, which is always read as a whole, is not that of a recording."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - 8))
    tail = file.read(8)
    file.seek(0)
    if tail[4:] == _MAGIC and int.from_bytes(tail[:4], "little") > _MOST_FOOTER_BYTES:
        raise InvalidRecording(
            f"the footer of the file has {int.from_bytes(tail[:4], 'little')} bytes, expected at most "
            f"{_MOST_FOOTER_BYTES}: write the recording in fewer row groups"
        )


def read_header(file: pq.ParquetFile) -> RecordingHeader:
    """Check names, types, sizes and metadata of an open file.

    Raises
    ------
    InvalidRecording
        With one sentence that says what is wrong and what was expected.
    """
    schema = file.schema_arrow
    columns = _eeg_columns(schema.names)
    for name in (*columns, STIM):
        _require_numbers(name, schema.field(name).type)
    _require_size(file.metadata, (*columns, STIM))
    metadata = schema.metadata or {}
    _require_unit(metadata)
    return RecordingHeader(columns, _channel_names(metadata, columns), _sfreq_hz(metadata))


def _eeg_columns(names: Sequence[str]) -> tuple[str, ...]:
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise InvalidRecording(f"duplicate columns: {_listed(repeated)}; every column must stand once")
    if STIM not in names:
        raise InvalidRecording(f"there is no column 'stim' (0 none, 1 NonTarget, 2 Target) among {_listed(names)}")
    found = [name for name in names if name.startswith(_EEG_PREFIX)]
    strange = [name for name in found if not _EEG_COLUMN.fullmatch(name)]
    if strange:
        raise InvalidRecording(f"column {strange[0]!r} is none of eeg_ch1, eeg_ch2, ...: call it by its number alone")
    if not 1 <= len(found) <= MOST_CHANNELS:
        count = (
            f"{len(found)} EEG columns, expected at most {MOST_CHANNELS}," if found else "no EEG columns eeg_ch1, ..."
        )
        raise InvalidRecording(f"there are {count} among {_listed(names)}")
    columns = tuple(f"{_EEG_PREFIX}{number}" for number in range(1, 1 + len(found)))
    missing = sorted(set(columns) - set(found), key=columns.index)
    if missing:
        raise InvalidRecording(f"EEG columns must run from eeg_ch1 to {columns[-1]}, but {missing[0]} is missing")
    return columns


def _listed(names: Iterable[str]) -> str:
    shown = [name[:LONGEST_NAME] for name in names]
    text = ", ".join(shown[:6])
    return f"{text} and {len(shown) - 6} more" if len(shown) > 6 else text or "no columns"


def _require_numbers(name: str, kind: pa.DataType) -> None:
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise InvalidRecording(f"column {name!r} holds {str(kind)[:LONGEST_NAME]}, expected numbers")


def _require_size(metadata: pq.FileMetaData, columns: Sequence[str]) -> None:
    """What the columns will take in memory, as the footer has it."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    n_samples = max(metadata.num_rows, sum(group.num_rows for group in groups))
    if n_samples > MOST_SAMPLES:
        raise InvalidRecording(
            f"there are {n_samples:,} samples a channel, expected at most {MOST_SAMPLES:,} "
            "(two hours at 2,048 Hz, eight at 512 Hz): cut the recording"
        )
    numbers = {metadata.schema.column(number).path: number for number in range(metadata.num_columns)}
    for name in columns:
        chunks = [group.column(numbers[name]) for group in groups]
        n_bytes = sum(chunk.total_uncompressed_size for chunk in chunks)
        if sum(chunk.num_values for chunk in chunks) != metadata.num_rows:
            raise InvalidRecording(f"column {name!r} has not one value in each of the {metadata.num_rows} rows")
        if n_bytes > _MOST_SAMPLE_BYTES * n_samples + _SPARE_BYTES:
            raise InvalidRecording(f"column {name!r} unpacks to {n_bytes:,} bytes for {n_samples:,} samples")


def _require_unit(metadata: Mapping[bytes, bytes]) -> None:
    unit = _text(metadata, b"unit", "uV")
    if unit != "uV":
        raise InvalidRecording(f"metadata 'unit' is {unit[:LONGEST_NAME]!r}, expected 'uV'")


def _sfreq_hz(metadata: Mapping[bytes, bytes]) -> float:
    text = _text(metadata, b"sfreq_hz", str(DEFAULT_SFREQ_HZ))
    try:
        sfreq_hz = float(text)
    except ValueError:
        sfreq_hz = math.nan
    if not LOWEST_SFREQ_HZ <= sfreq_hz <= HIGHEST_SFREQ_HZ:
        raise InvalidRecording(
            f"metadata 'sfreq_hz' is {text[:LONGEST_NAME]!r}, expected a rate of at least {LOWEST_SFREQ_HZ:g} Hz "
            f"and at most {HIGHEST_SFREQ_HZ:,.0f} Hz"
        )
    return sfreq_hz


def _channel_names(metadata: Mapping[bytes, bytes], columns: Sequence[str]) -> tuple[str, ...]:
    if b"channel_names" not in metadata:
        return tuple(columns)
    try:
        names = json.loads(_text(metadata, b"channel_names", ""))
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidRecording("metadata 'channel_names' is no JSON list of names")
    strange = [name for name in names if not (name.isprintable() and 0 < len(name) <= LONGEST_NAME)]
    if strange:
        raise InvalidRecording(
            f"metadata 'channel_names' has the name {strange[0][:LONGEST_NAME]!r}, "
            f"expected 1 to {LONGEST_NAME} printable characters"
        )
    if len(names) != len(columns) or len(set(names)) != len(names):
        raise InvalidRecording(
            f"metadata 'channel_names' gives {len(set(names))} different names for {len(columns)} EEG columns"
        )
    return tuple(names)


def _text(metadata: Mapping[bytes, bytes], key: bytes, default: str) -> str:
    value = metadata.get(key, default.encode())
    if len(value) > _MOST_METADATA_BYTES:
        raise InvalidRecording(f"metadata {key.decode()!r} has {len(value):,} bytes, expected less")
    return value.decode(errors="replace")
