"""An interrupted restore goes on, and never over what is not its own; a killed backup leaves nothing for long."""

from collections.abc import Callable
from pathlib import Path

import pytest

from p300.errors import P300Error, Refused
from p300.jobs.platform.backup import backup
from p300.jobs.platform.restore import restore
from p300.jobs.platform.restore_mark import KEY
from p300.jobs.platform.worlds import World
from p300.store.drafts import drafted_folder
from p300.store.layout import ARTIFACTS, FEATURES, RAW
from p300.store.objects import ObjectStore, open_store
from tests.worlds import FileDatabase, file_database, world_of

KEYS = ("subject_01/one", "subject_02/two", "subject_03/three")


class Killed(BaseException):
    """Nothing that anybody catches."""


@pytest.fixture
def saved(store: ObjectStore, tmp_path: Path) -> Path:
    """A backup of three recordings, a model and two runs."""
    for key in KEYS:
        store.put(RAW, key, key.encode())
    store.put(ARTIFACTS, "1/models/m-1/model.skops", b"model")
    database = file_database(tmp_path / "database", "run 1\nrun 2\n")
    backup(world_of(store, [database]), tmp_path / "saved")
    return tmp_path / "saved"


@pytest.fixture
def database(tmp_path: Path) -> FileDatabase:
    return file_database(tmp_path / "other")


@pytest.fixture
def world(tmp_path: Path, database: FileDatabase) -> World:
    """Where the backup is brought back to: nothing is there yet."""
    return world_of(open_store(str(tmp_path / "target")), [database])


def kill_at(key: str) -> Callable[[str], None]:
    def die(done: str) -> None:
        if done == key:
            raise Killed

    return die


def interrupt(saved: Path, world: World) -> None:
    with pytest.raises(Killed):
        restore(saved, world, on_object=kill_at(KEYS[1]))
    assert world.store.list(RAW) == list(KEYS[:2])


def test_an_interrupted_restore_goes_on(saved: Path, world: World, database: FileDatabase) -> None:
    interrupt(saved, world)
    before = world.store.stat(RAW, KEYS[0])
    restore(saved, world)
    assert world.store.list(RAW) == list(KEYS)
    assert world.store.stat(RAW, KEYS[0]) == before, "what was back already is left alone"
    assert database.file.read_text() == "run 1\nrun 2\n"
    with pytest.raises(Refused, match="p300-raw-data holds 3 objects"):
        restore(saved, world)


def test_what_was_half_written_is_written_again(saved: Path, world: World) -> None:
    interrupt(saved, world)
    world.store.put(RAW, KEYS[1], b"tw")
    restore(saved, world)
    assert world.store.get(RAW, KEYS[1]) == KEYS[1].encode()


def test_services_that_the_killed_one_stopped_are_started_again(
    saved: Path, world: World, database: FileDatabase
) -> None:
    interrupt(saved, world)
    database.running.clear()  # it was killed before it could start them
    database.pauses.clear()
    restore(saved, world)
    assert database.pauses[0] == "stopped mlflow-server"


def test_it_does_not_go_on_over_what_came_since(saved: Path, world: World, database: FileDatabase) -> None:
    interrupt(saved, world)
    world.store.put(FEATURES, "subject_09/features.parquet", b"precious")
    database.file.write_text("a run since\n")
    with pytest.raises(Refused, match=f"{FEATURES} holds 1 objects; the database mlflow holds 1 runs"):
        restore(saved, world)
    assert world.store.list(RAW) == list(KEYS[:2])
    assert database.file.read_text() == "a run since\n"


def test_another_backup_does_not_finish_it(saved: Path, store: ObjectStore, world: World, tmp_path: Path) -> None:
    interrupt(saved, world)
    store.put(RAW, "subject_04/four", b"four")
    backup(world_of(store), tmp_path / "later")
    with pytest.raises(Refused, match=f"the restore of another backup, {saved}, was interrupted here"):
        restore(tmp_path / "later", world)


def test_half_a_world_is_not_saved(saved: Path, world: World, tmp_path: Path) -> None:
    interrupt(saved, world)
    with pytest.raises(Refused, match=f"the restore of {saved} is under way here, or was interrupted"):
        backup(world, tmp_path / "half")


def test_damaged_mark_is_said(saved: Path, world: World) -> None:
    world.store.put(ARTIFACTS, KEY, b"{}")
    with pytest.raises(P300Error, match="is damaged"):
        restore(saved, world)


def test_drafts_of_the_dead_are_removed_and_those_of_the_living_are_not(store: ObjectStore, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    dead = folder / ".unfinished-backup.0123"
    (dead / "friday").mkdir(parents=True)
    with drafted_folder(folder, "unfinished-backup") as living:
        assert not dead.exists()
        backup(world_of(store), folder / "monday")
        assert living.exists()
    assert [path.name for path in folder.iterdir()] == ["monday"]
