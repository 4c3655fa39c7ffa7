"""MLflow's database file as a backup sees it: absent, empty, locked, or not a database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from p300.errors import Unavailable
from p300.registry.snapshots import DatabaseFile


@pytest.fixture
def filled(tmp_path: Path) -> DatabaseFile:
    """Two runs, and no registered model."""
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        database.execute("CREATE TABLE runs (name TEXT)")
        database.execute("CREATE TABLE registered_models (name TEXT)")
        database.executemany("INSERT INTO runs VALUES (?)", [("one",), ("two",)])
    return DatabaseFile(f"sqlite:///{tmp_path}/mlflow.db", busy_s=0.1)


@pytest.fixture
def _locked(filled: DatabaseFile) -> Iterator[None]:
    """By a process that writes and does not end."""
    with closing(sqlite3.connect(filled.path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        yield
        writer.execute("ROLLBACK")


def test_what_was_dumped_comes_back_where_nothing_was(filled: DatabaseFile, tmp_path: Path) -> None:
    filled.dump(tmp_path / "dump")
    other = DatabaseFile(f"sqlite:///{tmp_path}/new/mlflow.db")
    assert not other.exists
    assert other.n_rows() == {"runs": 0, "registered_models": 0}
    other.restore(tmp_path / "dump")
    assert other.n_rows() == filled.n_rows() == {"runs": 2, "registered_models": 0}


def test_whoever_has_it_open_sees_what_was_restored(filled: DatabaseFile, tmp_path: Path) -> None:
    filled.dump(tmp_path / "dump")
    with closing(sqlite3.connect(filled.path)) as reader:
        reader.execute("DELETE FROM runs")
        reader.commit()
        filled.restore(tmp_path / "dump")
        assert reader.execute("SELECT name FROM runs").fetchall() == [("one",), ("two",)]


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    assert DatabaseFile(f"sqlite:///{tmp_path}/mlflow.db").n_rows() == {"runs": 0, "registered_models": 0}


@pytest.mark.usefixtures("_locked")
def test_one_that_stays_locked_is_not_waited_for_for_ever(filled: DatabaseFile, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "dump")) as dump, dump:
        dump.execute("CREATE TABLE runs (name TEXT)")
    with pytest.raises(Unavailable, match="could not be saved: another process has kept it locked"):
        filled.dump(tmp_path / "other")
    with pytest.raises(Unavailable, match="could not be written: another process has kept it locked"):
        filled.restore(tmp_path / "dump")
    with pytest.raises(Unavailable, match="cannot be read: another process has kept it locked"):
        filled.n_rows()


def test_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 100)
    with pytest.raises(Unavailable, match=r"mlflow\.db cannot be read: file is not a database"):
        DatabaseFile(f"sqlite:///{tmp_path}/mlflow.db").n_rows()
