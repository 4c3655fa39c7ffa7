"""The embedded store: a bucket is a folder, an object is a file."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from p300.errors import NotFound, P300Error, Unavailable
from p300.store.drafts import HIDDEN, drafted, sweep
from p300.store.layout import object_path
from p300.store.status import ObjectStatus

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP}
_CHUNK_BYTES = 1 << 20


class FolderStore:
    """Buckets below one folder. Files appear under their name only when they are whole."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().resolve()

    @property
    def url(self) -> str:
        return str(self.root)

    def buckets(self) -> list[str]:
        with self._answering("the list of buckets", "be read"):
            if not self.root.is_dir():
                return []
            folders = (path for path in self.root.iterdir() if path.is_dir() and not path.name.startswith(HIDDEN))
            return sorted(path.name for path in folders)

    def make_bucket(self, bucket: str) -> None:
        path = self._path(bucket)
        with self._answering(f"the bucket {bucket}", "be made"):
            path.mkdir(parents=True, exist_ok=True)
        sweep(path)

    def list(self, bucket: str, prefix: str = "") -> list[str]:
        return [*self.sizes(bucket, prefix)]

    def sizes(self, bucket: str, prefix: str = "") -> dict[str, int]:
        folder = self._path(bucket)
        with self._answering(f"the bucket {bucket}", "be listed"):
            sizes = {path.relative_to(folder).as_posix(): n_bytes for path, n_bytes in _files(folder)}
        return {key: sizes[key] for key in sorted(sizes) if key.startswith(prefix)}

    def exists(self, bucket: str, key: str) -> bool:
        path = self._path(bucket, key)
        with self._answering(f"{key} in {bucket}", "be looked for"):
            return path.is_file()

    def stat(self, bucket: str, key: str) -> ObjectStatus:
        path = self._path(bucket, key)
        with self._answering(f"{key} in {bucket}", "be looked for"):
            found = path.stat()
        tag = f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"
        return ObjectStatus(found.st_size, tag, datetime.fromtimestamp(found.st_mtime, UTC))

    def get(self, bucket: str, key: str) -> bytes:
        with self.open(bucket, key) as file:
            return file.read()

    @contextmanager
    def open(self, bucket: str, key: str) -> Iterator[BinaryIO]:
        path = self._path(bucket, key)
        with self._answering(f"{key} in {bucket}", "be read"):
            # One that is replaced meanwhile stays what it was for whoever has it open.
            file = path.open("rb")
        with file:
            yield file

    def put(self, bucket: str, key: str, data: bytes | BinaryIO) -> None:
        path = self._path(bucket, key)
        with self._answering(f"{key} in {bucket}", "be written"), drafted(path) as draft:
            _write(draft, data)
            Path(draft.name).replace(path)

    def put_new(self, bucket: str, key: str, data: bytes | BinaryIO) -> bool:
        path = self._path(bucket, key)
        with self._answering(f"{key} in {bucket}", "be written"), drafted(path) as draft:
            _write(draft, data)
            try:
                path.hardlink_to(draft.name)
            except FileExistsError:
                return False
            except OSError as error:
                # Disks of cameras and the like: of two who come at the very same moment, the second replaces.
                if error.errno not in _NO_LINKS:
                    raise
                if path.exists():
                    return False
                Path(draft.name).replace(path)
        return True

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        with self.open(*source) as file:
            self.put(*target, file)

    def delete(self, bucket: str, key: str) -> None:
        path = self._path(bucket, key)
        with self._answering(f"{key} in {bucket}", "be deleted"):
            path.unlink()
        self._prune(path.parent, self._path(bucket))

    def erase(self, bucket: str, prefix: str) -> int:
        keys = self.list(bucket, prefix)
        for key in keys:
            with suppress(NotFound):
                self.delete(bucket, key)
        sweep(self._path(bucket))
        return len(keys)

    def _path(self, bucket: str, key: str = "") -> Path:
        return self.root / object_path(bucket, key)

    @contextmanager
    def _answering(self, what: str, needs: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._explained(error, what, needs) from error

    def _explained(self, error: OSError, what: str, needs: str) -> P300Error:
        # To write below a file that should be a folder is another matter than to look for what is not there.
        if error.errno in _ABSENT and needs != "be written":
            return NotFound(f"there is no {what}")
        advice = _ADVICE.get(error.errno or 0, "")
        return Unavailable(f"{what} could not {needs} below {self.root}: {error.strerror}{advice}")

    @staticmethod
    def _prune(folder: Path, bucket: Path) -> None:
        # A bucket has no empty folders; another writer may be filling this one, and then it stays.
        while folder != bucket:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


_ADVICE = {
    errno.ENOSPC: "; make room there, nothing was left half-written",
    errno.EDQUOT: "; make room there, nothing was left half-written",
    errno.EROFS: "; the store can be read and not written to",
    errno.EACCES: "; ask its owner for the right to it",
}


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Files below a folder that are no drafts, with their sizes; what others delete meanwhile is passed over."""

    def stop(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for parent, _, names in os.walk(folder, onerror=stop):
        for path in (Path(parent, name) for name in names if not name.startswith(HIDDEN)):
            try:
                found = path.stat()
            except OSError:
                continue
            if stat.S_ISREG(found.st_mode):
                yield path, found.st_size


def _write(draft: BinaryIO, data: bytes | BinaryIO) -> None:
    if isinstance(data, bytes):
        draft.write(data)
    else:
        data.seek(0)
        shutil.copyfileobj(data, draft, _CHUNK_BYTES)
    draft.flush()
    os.fsync(draft.fileno())
