"""An object on an S3 server as a file that is read a range at a time."""

import io
from collections.abc import Callable
from typing import Any, BinaryIO, cast

ReadRange = Callable[[int, int], bytes]
"""``read(start, stop)``: the bytes from `start` up to `stop`."""


class RangedFile(io.RawIOBase):
    """A file of `n_bytes` that asks for what is read, and only for that.

    Parameters
    ----------
    read_range : callable
        Gives the bytes of a range that is not empty and inside the file.
    """

    def __init__(self, n_bytes: int, read_range: ReadRange) -> None:
        super().__init__()
        self._n_bytes, self._read_range, self._position = n_bytes, read_range, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._n_bytes}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        stop = min(self._position + len(view), self._n_bytes)
        if stop <= self._position:
            return 0
        data = self._read_range(self._position, stop)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


def ranged_file(n_bytes: int, read_range: ReadRange) -> BinaryIO:
    """A :class:`RangedFile` by the type that files have."""
    return cast("BinaryIO", RangedFile(n_bytes, read_range))
