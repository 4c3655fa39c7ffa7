"""The embedded store: a bucket is a folder, an object is a file."""

import os
import tempfile
from pathlib import Path, PurePosixPath

from p300.errors import InvalidInput, NotFound, Unavailable

_UNFINISHED = ".unfinished"


class FolderStore:
    """Buckets below one folder. Files appear under their name only when they are whole."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().resolve()

    @property
    def url(self) -> str:
        return str(self.root)

    def buckets(self) -> list[str]:
        if not self.root.is_dir():
            return []
        return sorted(path.name for path in self.root.iterdir() if path.is_dir() and path.name != _UNFINISHED)

    def make_bucket(self, bucket: str) -> None:
        self._path(bucket).mkdir(parents=True, exist_ok=True)

    def list(self, bucket: str, prefix: str = "") -> list[str]:
        folder = self._path(bucket)
        keys = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        return sorted(key for key in keys if key.startswith(prefix))

    def exists(self, bucket: str, key: str) -> bool:
        return self._path(bucket, key).is_file()

    def get(self, bucket: str, key: str) -> bytes:
        try:
            return self._path(bucket, key).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"there is no {key} in {bucket}") from None

    def put(self, bucket: str, key: str, data: bytes) -> None:
        path = self._path(bucket, key)
        unfinished = self.root / _UNFINISHED
        try:
            unfinished.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, data, unfinished)
        except OSError as error:
            raise Unavailable(f"{key} could not be written to {bucket} below {self.root}: {error.strerror}") from error

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        self.put(*target, self.get(*source))

    def delete(self, bucket: str, key: str) -> None:
        path = self._path(bucket, key)
        try:
            path.unlink()
        except FileNotFoundError:
            raise NotFound(f"there is no {key} in {bucket}") from None
        self._prune(path.parent, self._path(bucket))

    def _path(self, bucket: str, key: str = "") -> Path:
        path = PurePosixPath(bucket) / key
        if path.is_absolute() or ".." in path.parts or bucket in ("", _UNFINISHED):
            raise InvalidInput(f"{bucket!r}, {key!r} is no object's name: expected a bucket and a relative key")
        return self.root / path

    @staticmethod
    def _prune(folder: Path, bucket: Path) -> None:
        # A bucket has no empty folders; another writer may be filling this one, and then it stays.
        while folder != bucket:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _write_whole(path: Path, data: bytes, unfinished: Path) -> None:
    descriptor, name = tempfile.mkstemp(dir=unfinished)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            Path(name).replace(path)
        except FileNotFoundError:
            # A concurrent delete pruned the folder between its making and the move.
            path.parent.mkdir(parents=True, exist_ok=True)
            Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
