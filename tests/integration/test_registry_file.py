"""MLflow's database as a file: removed, replaced, moved, locked, not writable."""

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from p300.domain import CHAMPION, Recipe, SubjectId
from p300.errors import NotFound, Unavailable
from p300.registry import ModelCard, ModelVersion, Registry, TrainedModel, load_estimator

FEATURES = np.random.default_rng(3).standard_normal((40, 3)).astype(np.float32)
LABELS = np.arange(40) % 2 + 1


def _register(registry: Registry) -> ModelVersion:
    estimator = LinearDiscriminantAnalysis().fit(FEATURES, LABELS)
    card = ModelCard((SubjectId(1),), Recipe(), ("Cz",))
    with registry.start_run("training", kind="training") as run:
        run.log_json("note.json", {})
        return registry.register(run, TrainedModel(estimator, card, FEATURES[:1]))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an awkward name, in it a registry with a champion."""
    folder = tmp_path_factory.mktemp("old") / "a #1 place, 100%"
    registry = Registry(f"sqlite:///{folder / 'mlflow.db'}")
    registry.set_alias(CHAMPION, _register(registry).version)
    return folder


@pytest.fixture
def copied(world: Path, tmp_path: Path) -> Path:
    """The same in another folder, as `cp -r` or `mv` leaves it."""
    return shutil.copytree(world, tmp_path / "moved")


def test_a_file_that_is_removed_and_replaced_is_noticed_and_followed(copied: Path, tmp_path: Path) -> None:
    database = copied / "mlflow.db"
    registry = Registry(f"sqlite:///{database}")
    assert registry.version_under(CHAMPION) is not None
    database.unlink()
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"mlflow\.db: the file was removed"):
            registry.version_under(CHAMPION)
    assert not database.exists(), "who only asks makes no database"
    other = Registry(f"sqlite:///{database}")
    assert registry.version_under(CHAMPION) is None
    run_id = _register(other).run_id
    other.set_alias(CHAMPION, 1)
    found = registry.version_under(CHAMPION)
    assert found is not None
    assert found.run_id == run_id
    assert load_estimator(registry.download(found, tmp_path / "model")).predict(FEATURES).shape == (40,)


def test_a_moved_folder_keeps_its_versions_and_trains_into_itself(world: Path, copied: Path, tmp_path: Path) -> None:
    before = sorted(world.rglob("*"))
    registry = Registry(f"sqlite:///{copied / 'mlflow.db'}")
    (old,) = registry.versions()
    world.rename(world.with_name("away"))
    try:
        assert registry.training_subjects(old) == (1,)
        assert registry.artifact(old.run_id, "note.json") == b"{}"
        assert load_estimator(registry.download(old, tmp_path / "model")).predict(FEATURES).shape == (40,)
        new = _register(registry)
        assert registry.training_subjects(new) == (1,)
        assert not world.exists(), "nothing is written where the folder once was"
    finally:
        world.with_name("away").rename(world)
    assert sorted(world.rglob("*")) == before
    assert len(list(copied.glob("mlartifacts/**/MLmodel"))) == 2


def test_a_database_that_is_copied_alone_still_finds_its_artifacts(world: Path, tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    shutil.copy(world / "mlflow.db", tmp_path / "alone")
    registry = Registry(f"sqlite:///{tmp_path / 'alone' / 'mlflow.db'}")
    assert registry.training_subjects(registry.versions()[0]) == (1,)
    _register(registry)
    assert len(list((tmp_path / "alone").glob("mlartifacts/**/MLmodel"))) == 1
    assert len(list(world.glob("mlartifacts/**/MLmodel"))) == 1


def test_an_alias_on_a_version_that_is_gone_is_no_missing_alias(copied: Path) -> None:
    registry = Registry(f"sqlite:///{copied / 'mlflow.db'}")
    assert registry.version_under("nobody") is None
    with closing(sqlite3.connect(copied / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE registered_model_aliases SET version = 7")
    with pytest.raises(NotFound, match="alias champion is on version 7 of P300-Classifier, which was deleted"):
        registry.version_under(CHAMPION)
    with closing(sqlite3.connect(copied / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE registered_model_aliases SET version = 1")
        connection.execute("UPDATE model_versions SET current_stage = 'Deleted_Internal'")
    with pytest.raises(NotFound, match="alias champion is on version 1"):
        registry.version_under(CHAMPION)


@pytest.mark.parametrize(
    ("sabotage", "reason"),
    [
        ("PRAGMA max_page_count = 1", "the disk is full; make room"),
        ("PRAGMA query_only = 1", "it cannot be written; give yourself the right"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(
    copied: Path, sabotage: str, reason: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    registry = Registry(f"sqlite:///{copied / 'mlflow.db'}")

    def hinder(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(sabotage)

    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", hinder)
    try:
        with pytest.raises(Unavailable, match=reason) as raised, registry.start_run("x" * 5000, kind="training"):
            pass
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "connect", hinder)
    assert "\n" not in str(raised.value)
    assert "Traceback" not in caplog.text + capfd.readouterr().err


def test_a_writer_in_between_is_waited_for(copied: Path) -> None:
    registry = Registry(f"sqlite:///{copied / 'mlflow.db'}")
    with closing(sqlite3.connect(copied / "mlflow.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(1.0, lambda: other.execute("COMMIT"))
        release.start()
        registry.set_alias(CHAMPION, 1)
        release.join()
    assert registry.version_under(CHAMPION) is not None
