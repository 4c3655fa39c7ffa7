"""A backup is whole or absent, a damaged one is refused, and it goes only where nothing is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from p300.errors import InvalidInput, P300Error, Refused
from p300.jobs.platform.archive import open_backup
from p300.jobs.platform.backup import backup, n_objects_of
from p300.jobs.platform.restore import restore
from p300.store.layout import ARTIFACTS, FEATURES, LANDING, RAW
from p300.store.objects import ObjectStore, open_store


@dataclass
class FileDatabase:
    """A database that is a file: one row a line."""

    file: Path
    name: str = "mlflow"
    pauses: list[str] = field(default_factory=list)

    def dump(self, file: Path) -> None:
        file.write_bytes(self.file.read_bytes())

    def restore(self, file: Path) -> None:
        self.file.write_bytes(file.read_bytes())

    def n_rows(self) -> dict[str, int]:
        return {"runs": len(self.file.read_text().splitlines())}

    @contextmanager
    def unused(self) -> Iterator[None]:
        self.pauses.append("stopped")
        yield
        self.pauses.append(self.file.read_text())


@pytest.fixture
def filled(store: ObjectStore) -> ObjectStore:
    store.put(RAW, "subject_01/subject_01_eeg_stim.parquet", b"one")
    store.put(RAW, "subject_02/subject_02_eeg_stim.parquet", b"two")
    store.put(ARTIFACTS, "1/models/m-1/artifacts/model.skops", bytes(range(256)))
    store.make_bucket(LANDING)
    return store


@pytest.fixture
def empty(tmp_path: Path) -> ObjectStore:
    target = open_store(str(tmp_path / "target"))
    target.make_bucket(RAW)
    return target


@pytest.fixture
def database(tmp_path: Path) -> FileDatabase:
    return _database(tmp_path / "database", "run 1\nrun 2\n")


def _database(file: Path, rows: str = "") -> FileDatabase:
    file.write_text(rows)
    return FileDatabase(file)


def test_what_was_saved_comes_back(
    filled: ObjectStore, empty: ObjectStore, database: FileDatabase, tmp_path: Path
) -> None:
    saved: list[str] = []
    expected = n_objects_of(filled)
    made = backup("dev", filled, [database], tmp_path / "saved/friday", on_object=saved.append)
    assert len(saved) == len(made.objects) == expected
    other = _database(tmp_path / "other")
    restored = restore(tmp_path / "saved/friday", empty, [other])
    assert made == restored
    assert made.n_objects == {LANDING: 0, RAW: 2, ARTIFACTS: 1}
    assert made.dumps[0].n_rows == {"runs": 2}
    assert empty.buckets() == [LANDING, ARTIFACTS, RAW]
    assert empty.get(ARTIFACTS, "1/models/m-1/artifacts/model.skops") == bytes(range(256))
    assert empty.list(RAW) == filled.list(RAW)
    # The services saw the restored rows when they came back.
    assert other.pauses == ["stopped", "run 1\nrun 2\n"]


def test_backup_never_replaces_anything(filled: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is there already"):
        backup("dev", filled, [], tmp_path)


def test_backup_that_fails_leaves_nothing_behind(filled: ObjectStore, tmp_path: Path) -> None:
    def disk_fails(key: str) -> None:
        raise P300Error("the disk is full")

    with pytest.raises(P300Error, match="the disk is full"):
        backup("dev", filled, [], tmp_path / "saved/friday", on_object=disk_fails)
    assert list((tmp_path / "saved").iterdir()) == []


@pytest.mark.parametrize("victim", ["buckets/p300-raw-data/subject_01/subject_01_eeg_stim.parquet", "mlflow.pgdump"])
def test_damaged_backup_is_refused_before_anything_changes(
    filled: ObjectStore, empty: ObjectStore, database: FileDatabase, tmp_path: Path, victim: str
) -> None:
    folder = tmp_path / "saved"
    backup("dev", filled, [database], folder)
    other = _database(tmp_path / "other")
    (folder / victim).write_bytes(b"rotten")
    with pytest.raises(InvalidInput, match=f"{victim} is not what was saved"):
        restore(folder, empty, [other])
    (folder / victim).unlink()
    with pytest.raises(InvalidInput, match=f"{victim} is missing"):
        restore(folder, empty, [other])
    assert empty.list(RAW) == []
    assert other.pauses == []


def test_restore_names_everything_that_is_in_the_way(
    filled: ObjectStore, empty: ObjectStore, database: FileDatabase, tmp_path: Path
) -> None:
    backup("dev", filled, [database], tmp_path / "saved")
    empty.put(FEATURES, "subject_09/features.parquet", b"precious")
    with pytest.raises(Refused, match=f"{FEATURES} holds 1 objects; the database mlflow holds 2 runs"):
        restore(tmp_path / "saved", empty, [database])
    assert empty.list(RAW) == []
    assert database.pauses == []


def test_restore_wants_every_database_of_the_backup(
    filled: ObjectStore, empty: ObjectStore, database: FileDatabase, tmp_path: Path
) -> None:
    backup("dev", filled, [database], tmp_path / "saved")
    with pytest.raises(Refused, match="the backup holds mlflow, whose database does not run here"):
        restore(tmp_path / "saved", empty, [])


def test_folder_that_is_no_backup_is_refused(filled: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"manifest\.json is no manifest"):
        open_backup(tmp_path)
    backup("dev", filled, [], tmp_path / "saved")
    manifest = tmp_path / "saved/manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 2}))
    with pytest.raises(InvalidInput, match="restore it with the version of p300 that made it"):
        open_backup(tmp_path / "saved")
