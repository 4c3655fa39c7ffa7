"""What an estimator's file would become, looked at before anything of it is unpacked."""

import math
from pathlib import Path
from typing import IO
from zipfile import ZipFile, ZipInfo

import numpy as np

from p300.errors import InvalidInput

MOST_BYTES = 512 * 1024 * 1024
MOST_SCHEMA_BYTES = 16 * 1024 * 1024
_ARRAY_SUFFIX = ".npy"


def require_bounded(path: Path) -> None:
    """Refuse an estimator in skops' format, a zip of arrays and a schema, that would not fit into memory.

    Raises
    ------
    InvalidInput
        It unpacks to too much, or an array claims another size than it has.
    zipfile.BadZipFile
        It is no zip.
    """
    with ZipFile(path) as archive:
        members = archive.infolist()
        n_bytes = sum(member.file_size for member in members)
        if n_bytes > MOST_BYTES:
            raise InvalidInput(f"{path} unpacks to {n_bytes} bytes, the limit is {MOST_BYTES}")
        for member in members:
            if member.filename.endswith(_ARRAY_SUFFIX):
                _require_honest(archive, member, path)
            elif member.file_size > MOST_SCHEMA_BYTES:
                limit = MOST_SCHEMA_BYTES
                raise InvalidInput(f"{member.filename} in {path} has {member.file_size} bytes, the limit is {limit}")


def _require_honest(archive: ZipFile, member: ZipInfo, path: Path) -> None:
    with archive.open(member) as file:
        shape, dtype = _array_header(file)
        n_bytes = file.tell() + math.prod(shape) * dtype.itemsize
    if dtype.hasobject or n_bytes != member.file_size:
        raise InvalidInput(
            f"{member.filename} in {path} claims to be {dtype} of shape {shape}, but has {member.file_size} bytes"
        )


def _array_header(file: IO[bytes]) -> tuple[tuple[int, ...], "np.dtype[np.generic]"]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    return shape, dtype
