"""A backup is whole or absent, a damaged one is refused, and it goes only where nothing is."""

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from p300.errors import InvalidInput, P300Error, Refused, Unavailable
from p300.jobs.platform.archive import open_backup
from p300.jobs.platform.backup import backup, n_objects_of
from p300.jobs.platform.restore import restore
from p300.store.layout import ARTIFACTS, FEATURES, LANDING, RAW
from p300.store.objects import ObjectStore, open_store
from tests.worlds import FileDatabase, file_database, world_of


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
    return file_database(tmp_path / "database", "run 1\nrun 2\n")


def test_what_was_saved_comes_back(
    filled: ObjectStore, empty: ObjectStore, database: FileDatabase, tmp_path: Path
) -> None:
    saved: list[str] = []
    expected = n_objects_of(filled)
    made = backup(world_of(filled, [database]), tmp_path / "saved/friday", on_object=saved.append)
    assert len(saved) == len(made.objects) == expected
    other = file_database(tmp_path / "other")
    restored = restore(tmp_path / "saved/friday", world_of(empty, [other]))
    assert made == restored
    assert made.n_objects == {LANDING: 0, RAW: 2, ARTIFACTS: 1}
    assert made.dumps[0].n_rows == {"runs": 2}
    assert empty.buckets() == [LANDING, ARTIFACTS, RAW]
    assert empty.get(ARTIFACTS, "1/models/m-1/artifacts/model.skops") == bytes(range(256))
    assert empty.list(RAW) == filled.list(RAW)
    # The services saw the restored rows when they came back.
    assert other.pauses == ["stopped mlflow-server", "run 1\nrun 2\n"]


def test_backup_never_replaces_anything(filled: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is there already"):
        backup(world_of(filled, []), tmp_path)


def test_backup_that_fails_leaves_nothing_behind(filled: ObjectStore, tmp_path: Path) -> None:
    def disk_fails(key: str) -> None:
        raise P300Error("the disk is full")

    with pytest.raises(P300Error, match="the disk is full"):
        backup(world_of(filled, []), tmp_path / "saved/friday", on_object=disk_fails)
    assert list((tmp_path / "saved").iterdir()) == []


@pytest.mark.parametrize("victim", ["buckets/p300-raw-data/subject_01/subject_01_eeg_stim.parquet", "mlflow.pgdump"])
def test_damaged_backup_is_refused_before_anything_changes(
    filled: ObjectStore, empty: ObjectStore, database: FileDatabase, tmp_path: Path, victim: str
) -> None:
    folder = tmp_path / "saved"
    backup(world_of(filled, [database]), folder)
    other = file_database(tmp_path / "other")
    (folder / victim).write_bytes(b"rotten")
    with pytest.raises(InvalidInput, match=f"{victim} is not what was saved"):
        restore(folder, world_of(empty, [other]))
    (folder / victim).unlink()
    with pytest.raises(InvalidInput, match=f"{victim} is missing"):
        restore(folder, world_of(empty, [other]))
    assert empty.list(RAW) == []
    assert other.pauses == []


def test_restore_names_everything_that_is_in_the_way(
    filled: ObjectStore, empty: ObjectStore, database: FileDatabase, tmp_path: Path
) -> None:
    backup(world_of(filled, [database]), tmp_path / "saved")
    empty.put(FEATURES, "subject_09/features.parquet", b"precious")
    with pytest.raises(Refused, match=f"{FEATURES} holds 1 objects; the database mlflow holds 2 runs"):
        restore(tmp_path / "saved", world_of(empty, [database]))
    assert empty.list(RAW) == []
    assert database.pauses == []


def test_restore_wants_every_database_of_the_backup(
    filled: ObjectStore, empty: ObjectStore, database: FileDatabase, tmp_path: Path
) -> None:
    backup(world_of(filled, [database]), tmp_path / "saved")
    with pytest.raises(Refused, match="the backup holds mlflow, whose database does not run here"):
        restore(tmp_path / "saved", world_of(empty, []))


def test_folder_that_is_no_backup_is_refused(filled: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"manifest\.json is no manifest"):
        open_backup(tmp_path)
    backup(world_of(filled, []), tmp_path / "saved")
    manifest = tmp_path / "saved/manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 2}))
    with pytest.raises(InvalidInput, match="restore it with the version of p300 that made it"):
        open_backup(tmp_path / "saved")


def _lies(**changes: Any) -> Callable[[dict[str, Any]], object]:
    """Of the first object of a manifest."""
    return lambda manifest: manifest["objects"][0].update(changes)


@pytest.mark.parametrize(
    ("lie", "sentence"),
    [
        (_lies(key="../../elsewhere"), "names what is no object"),
        (_lies(key="/etc/passwd"), "names what is no object"),
        (_lies(bucket="../buckets"), "names a bucket '../buckets'"),
        (_lies(n_bytes=7), "is not what was saved"),
        (_lies(key="subject_07/of nobody"), "is missing"),
        (_lies(sha256="of something else"), "is not what was saved"),
        (_lies(n_bytes="many"), "is no manifest of a backup"),
        (lambda manifest: manifest["dumps"][0].update(database="../mlflow"), "names a database file"),
        (lambda manifest: manifest["n_objects"].update({RAW: 1}), "does not list as many objects as it counts"),
        (lambda manifest: manifest["objects"].append(manifest["objects"][0]), None),
        (lambda manifest: manifest["objects"].pop(), "does not list as many objects as it counts"),
        (lambda manifest: manifest.pop("dumps"), "is no manifest of a backup"),
        (lambda manifest: manifest.update(objects=[[]]), "is no manifest of a backup"),
    ],
)
def test_manifest_that_lies_changes_nothing(
    filled: ObjectStore,
    empty: ObjectStore,
    database: FileDatabase,
    tmp_path: Path,
    lie: Callable[[dict[str, Any]], object],
    sentence: str | None,
) -> None:
    backup(world_of(filled, [database]), tmp_path / "saved")
    file = tmp_path / "saved/manifest.json"
    manifest = json.loads(file.read_text())
    lie(manifest)
    file.write_text(json.dumps(manifest))
    other = file_database(tmp_path / "other")
    if sentence is None:  # to say the same twice is no lie
        restore(tmp_path / "saved", world_of(empty, [other]))
        return
    with pytest.raises(InvalidInput, match=sentence):
        restore(tmp_path / "saved", world_of(empty, [other]))
    assert empty.list(RAW) == []
    assert other.pauses == []


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000, '{"format": 1}'])
def test_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InvalidInput, match="is no manifest of a backup"):
        open_backup(tmp_path)


def test_a_backup_of_another_kind_of_database_is_refused(
    filled: ObjectStore, empty: ObjectStore, database: FileDatabase, tmp_path: Path
) -> None:
    backup(world_of(filled, [database]), tmp_path / "saved")
    other = file_database(tmp_path / "other")
    other.suffix = "sqlite"
    with pytest.raises(Refused, match=r"cannot read mlflow\.pgdump: restore it into a place of its own kind"):
        restore(tmp_path / "saved", world_of(empty, [other]))
    assert empty.list(RAW) == []


def test_a_full_disk_leaves_nothing(filled: ObjectStore, tmp_path: Path) -> None:
    database = file_database(tmp_path / "database", "run 1\n")

    def full(file: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(file))

    database.dump = full  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="could not be written to .*friday: No space left on device; nothing is left"):
        backup(world_of(filled, [database]), tmp_path / "saved/friday")
    assert list((tmp_path / "saved").iterdir()) == []
