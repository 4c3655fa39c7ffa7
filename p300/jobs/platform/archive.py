"""A backup as it lies in a folder: objects, dumps of databases, and a manifest with the hash of each."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from p300.errors import InvalidInput
from p300.store.digest import sha256_of_file
from p300.store.folder import FolderStore

MANIFEST = "manifest.json"
BUCKETS_FOLDER = "buckets"
FORMAT = 1


@dataclass(frozen=True)
class StoredObject:
    """An object of a bucket."""

    bucket: str
    key: str
    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class StoredDump:
    """A database, in the file of its name. `n_rows` is how much was in use, by table."""

    database: str
    n_bytes: int
    sha256: str
    n_rows: Mapping[str, int]

    @property
    def file(self) -> str:
        return dump_file(self.database)


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, of which environment, and when and by which commit it was made."""

    environment: str
    commit: str
    made: str
    n_objects: Mapping[str, int]
    objects: tuple[StoredObject, ...]
    dumps: tuple[StoredDump, ...]

    @property
    def n_bytes(self) -> int:
        return sum(entry.n_bytes for entry in self.objects) + sum(dump.n_bytes for dump in self.dumps)

    def write(self, folder: Path) -> None:
        (folder / MANIFEST).write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n")


def objects_of(folder: Path) -> FolderStore:
    """The store that the objects of a backup are in."""
    return FolderStore(folder / BUCKETS_FOLDER)


def dump_file(database: str) -> str:
    """Where a database lies in a backup."""
    return f"{database}.pgdump"


def count_objects(buckets: list[str], objects: list[StoredObject]) -> dict[str, int]:
    """How many objects there are, by bucket; none where a bucket is empty."""
    counts = Counter(entry.bucket for entry in objects)
    return {bucket: counts[bucket] for bucket in buckets}


def open_backup(folder: Path) -> Manifest:
    """Read a backup's manifest and check every file against it.

    Raises
    ------
    InvalidInput
        It is no backup, or not whole; everything that is missing or damaged is named.
    """
    manifest = read_manifest(folder)
    files = {objects_of(folder).root / entry.bucket / entry.key: entry.sha256 for entry in manifest.objects}
    files |= {folder / dump.file: dump.sha256 for dump in manifest.dumps}
    problems = [problem for file, sha256 in files.items() if (problem := _problem(file, sha256))]
    if problems:
        lines = "".join(f"\n  {problem}" for problem in problems)
        raise InvalidInput(f"the backup {folder} is not whole, and nothing was changed:{lines}")
    return manifest


def _problem(file: Path, sha256: str) -> str:
    if not file.is_file():
        return f"{file} is missing"
    return "" if sha256_of_file(file) == sha256 else f"{file} is not what was saved: its hash differs"


def read_manifest(folder: Path) -> Manifest:
    """What a backup says that it holds; its files are not looked at. InvalidInput where it is no backup."""
    file = folder / MANIFEST
    try:
        content = json.loads(file.read_text())
        if content.pop("format") != FORMAT:
            raise InvalidInput(f"{file} is of another format: restore it with the version of p300 that made it")
        objects = tuple(StoredObject(**entry) for entry in content.pop("objects"))
        dumps = tuple(StoredDump(**entry) for entry in content.pop("dumps"))
        return Manifest(objects=objects, dumps=dumps, **content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"{file} is no manifest of a backup ({error}): give the folder that p300 backup made"
        ) from error
