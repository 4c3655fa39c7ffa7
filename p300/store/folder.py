"""The embedded store: a bucket is a folder, an object is a file."""

import os
import uuid
from pathlib import Path
from typing import BinaryIO

from p300.errors import NotFound, Unavailable
from p300.store.layout import object_path

# What is being written, and what desktop systems leave behind, is hidden and no object.
_HIDDEN = "."


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
        return sorted(path.name for path in self.root.iterdir() if path.is_dir() and not path.name.startswith(_HIDDEN))

    def make_bucket(self, bucket: str) -> None:
        self._path(bucket).mkdir(parents=True, exist_ok=True)

    def list(self, bucket: str, prefix: str = "") -> list[str]:
        folder = self._path(bucket)
        files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(_HIDDEN))
        return sorted(key for path in files if (key := path.relative_to(folder).as_posix()).startswith(prefix))

    def exists(self, bucket: str, key: str) -> bool:
        return self._path(bucket, key).is_file()

    def get(self, bucket: str, key: str) -> bytes:
        try:
            return self._path(bucket, key).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"there is no {key} in {bucket}") from None

    def put(self, bucket: str, key: str, data: bytes) -> None:
        path = self._path(bucket, key)
        try:
            _write_whole(path, data)
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
        return self.root / object_path(bucket, key)

    @staticmethod
    def _prune(folder: Path, bucket: Path) -> None:
        # A bucket has no empty folders; another writer may be filling this one, and then it stays.
        while folder != bucket:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _write_whole(path: Path, data: bytes) -> None:
    # Made by open, and so with the rights that the user's umask gives, where a temporary file is its maker's alone:
    # containers read these folders as other users.
    draft = path.with_name(f"{_HIDDEN}{path.name}.{uuid.uuid4().hex}")
    try:
        with _create(draft) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _create(draft: Path) -> BinaryIO:
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        return draft.open("xb")
    except FileNotFoundError:
        # A delete emptied the folder and took it away between the two lines.
        draft.parent.mkdir(parents=True, exist_ok=True)
        return draft.open("xb")
