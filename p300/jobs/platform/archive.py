"""A backup as it lies in a folder: objects, dumps of databases, and a manifest with the hash of each."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from p300.errors import InvalidInput
from p300.store.digest import sha256_of_file
from p300.store.folder import FolderStore
from p300.store.layout import object_path

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
    """A database, in the file of its name. `n_rows` is how much was in use, by table, `suffix` what reads it."""

    database: str
    n_bytes: int
    sha256: str
    n_rows: Mapping[str, int]
    suffix: str = "pgdump"

    @property
    def file(self) -> str:
        return dump_file(self.database, self.suffix)


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


_MANIFESTS = TypeAdapter(Manifest)


def objects_of(folder: Path) -> FolderStore:
    """The store that the objects of a backup are in."""
    return FolderStore(folder / BUCKETS_FOLDER)


def dump_file(database: str, suffix: str) -> str:
    """Where a database lies in a backup."""
    return f"{database}.{suffix}"


def count_objects(buckets: list[str], objects: list[StoredObject]) -> dict[str, int]:
    """How many objects there are, by bucket; none where a bucket is empty."""
    counts = Counter(entry.bucket for entry in objects)
    return {bucket: counts[bucket] for bucket in buckets}


def backup_id(folder: Path) -> str:
    """What tells a backup from any other: the hash of its manifest, which has the hashes of everything."""
    return sha256_of_file(folder / MANIFEST)


def open_backup(folder: Path) -> Manifest:
    """Read a backup's manifest and check every file against it.

    Raises
    ------
    InvalidInput
        It is no backup, or not whole; everything that is missing or damaged is named.
    """
    manifest = read_manifest(folder)
    objects = objects_of(folder)
    problems = list(_contradictions(manifest))
    if not problems:
        files: dict[Path, StoredObject | StoredDump] = {folder / dump.file: dump for dump in manifest.dumps}
        files |= {objects.root / entry.bucket / entry.key: entry for entry in manifest.objects}
        problems = [problem for file, entry in files.items() if (problem := _problem(file, entry))]
    if problems:
        lines = "".join(f"\n  {problem}" for problem in problems)
        raise InvalidInput(f"the backup {folder} is not whole, and nothing was changed:{lines}")
    return manifest


def _contradictions(manifest: Manifest) -> Iterator[str]:
    """What cannot be true of any backup, whatever its files hold."""
    for name in {*manifest.n_objects, *(entry.bucket for entry in manifest.objects)}:
        if "/" in name or name.startswith("."):
            yield f"its manifest names a bucket {name!r}"
    for dump in manifest.dumps:
        if Path(dump.file).name != dump.file:
            yield f"its manifest names a database file {dump.file!r}"
    for entry in manifest.objects:
        try:
            object_path(entry.bucket, entry.key)
        except InvalidInput as error:
            yield f"its manifest names what is no object: {error}"
    different = {(entry.bucket, entry.key): entry for entry in manifest.objects}
    if count_objects(list(manifest.n_objects), list(different.values())) != manifest.n_objects:
        yield "its manifest does not list as many objects as it counts"


def _problem(file: Path, entry: StoredObject | StoredDump) -> str:
    if not file.is_file():
        return f"{file} is missing"
    if file.stat().st_size != entry.n_bytes or sha256_of_file(file) != entry.sha256:
        return f"{file} is not what was saved: its size or hash differs"
    return ""


def read_manifest(folder: Path) -> Manifest:
    """What a backup says that it holds; its files are not looked at. InvalidInput where it is no backup."""
    file = folder / MANIFEST
    try:
        content = json.loads(file.read_text())
        if content["format"] != FORMAT:
            raise InvalidInput(f"{file} is of another format: restore it with the version of p300 that made it")
        return _MANIFESTS.validate_python(content)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidInput(
            f"{file} is no manifest of a backup ({reason}): give the folder that p300 backup made"
        ) from error
