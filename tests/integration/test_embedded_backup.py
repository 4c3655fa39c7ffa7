"""The embedded world is saved while commands go on, and brought back elsewhere, whenever its processes are killed."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from p300.domain import CHAMPION, SubjectId
from p300.domain.recipe import Recipe
from p300.registry import ModelCard, Registry, TrainedModel, load_estimator, read_overview
from p300.store.embedded import EmbeddedStore
from p300.store.layout import BUCKETS, RAW, recording_key
from p300.store.objects import open_store

P300 = Path(sys.executable).with_name("p300")
FEATURES = np.random.default_rng(3).standard_normal((60, 8)).astype(np.float32)
N_KILLS = 8
N_RECORDINGS = 60
RECORDING = bytes(200_000)


def _model() -> TrainedModel:
    estimator = LinearDiscriminantAnalysis().fit(FEATURES, np.where(np.arange(60) % 5 == 0, 2, 1))
    return TrainedModel(estimator, ModelCard((SubjectId(1),), Recipe(), ("Cz",)), FEATURES[:2], {"loso_auc": 0.8})


def register(folder: Path) -> None:
    registry = Registry(f"sqlite:///{folder}/.p300/mlflow.db")
    with registry.start_run("training", kind="training") as run:
        registry.set_alias(CHAMPION, registry.register(run, _model()).version)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which sixty recordings were stored, and a version trained."""
    folder = tmp_path_factory.mktemp("a world")
    store = open_store(str(folder / ".p300/store"))
    for subject in range(1, N_RECORDINGS + 1):
        store.put(RAW, recording_key(subject), RECORDING + bytes([subject]))
    register(folder)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which nothing is yet; settings are the defaults."""
    for variable in ("P300_ENV", "P300_STORE_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def p300(folder: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [str(P300), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def kill_at_random(folder: Path, traces: Path, *arguments: object) -> int:
    """Run a command again and again, and kill each process at its first trace or later; gives how many were at work."""
    chance = random.Random(20260212)
    n_killed = 0
    for delay_s in (0.0, *(chance.uniform(0, 0.2) for _ in range(N_KILLS))):
        with subprocess.Popen(
            [str(P300), *map(str, arguments)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            _await_change(traces, process)
            time.sleep(delay_s)
            process.kill()
        n_killed += process.returncode == -signal.SIGKILL
    return n_killed


def _await_change(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    before = {*folder.rglob("*")}
    while process.poll() is None and {*folder.rglob("*")} == before:
        time.sleep(0.002)


def content(folder: Path) -> dict[tuple[str, str], bytes]:
    store = EmbeddedStore(folder / ".p300/store", folder / ".p300/mlartifacts")
    return {(bucket, key): store.get(bucket, key) for bucket in BUCKETS for key in store.list(bucket)}


def require_same(restored: Path, world: Path) -> None:
    assert content(restored) == content(world)
    (before,), (after,) = (read_overview(f"sqlite:///{folder}/.p300/mlflow.db") for folder in (world, restored))
    assert after == before


def test_killed_backups_leave_no_drafts_and_killed_restores_go_on(world: Path, here: Path) -> None:
    backups = here / "backups"
    shutil.copytree(world, here / "world")
    backups.mkdir()
    assert kill_at_random(here / "world", backups, "backup", "--folder", backups / "friday")
    done = p300(here / "world", "backup", "--folder", backups / "saturday")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in backups.iterdir()} <= {"friday", "saturday"}

    (here / "new").mkdir()
    assert kill_at_random(here / "new", here / "new", "restore", "--folder", backups / "saturday")
    done = p300(here / "new", "restore", "--folder", backups / "saturday")
    assert done.returncode == 0 or "embedded is not empty" in done.stderr, done.stderr
    require_same(here / "new", world)
    assert [path.name for path in (here / "new/.p300").rglob(".*")] == []


def test_a_restored_version_is_loaded_from_its_new_place(world: Path, here: Path) -> None:
    shutil.copytree(world, here / "world")
    assert p300(here / "world", "backup", "--folder", here / "saved").returncode == 0
    shutil.rmtree(here / "world")
    (here / "new").mkdir()
    assert p300(here / "new", "restore", "--folder", here / "saved").returncode == 0
    registry = Registry(f"sqlite:///{here}/new/.p300/mlflow.db")
    version = registry.version_under(CHAMPION)
    assert version is not None
    estimator = load_estimator(registry.download(version, here / "model"))
    assert np.array_equal(estimator.predict(FEATURES), _model().estimator.predict(FEATURES))


def test_what_is_saved_while_others_write_holds_together(world: Path, here: Path) -> None:
    shutil.copytree(world, here / "world")
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            register(here / "world")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        saved = [p300(here / "world", "backup", "--folder", here / f"saved {number}") for number in range(3)]
    finally:
        ended.set()
        writer.join()
    assert [done.returncode for done in saved] == [0, 0, 0], saved[0].stderr
    for number in range(3):
        new = here / f"new {number}"
        new.mkdir()
        assert p300(new, "restore", "--folder", here / f"saved {number}").returncode == 0
        registry = Registry(f"sqlite:///{new}/.p300/mlflow.db")
        for version in registry.versions():
            load_estimator(registry.download(version, new / f"model {version.version}"))


def test_two_at_once(world: Path, here: Path) -> None:
    shutil.copytree(world, here / "world")
    both = _together(here / "world", "backup", "--folder", here / "saved")
    assert sorted(code for code, _ in both) == [0, 1]
    assert [path.name for path in here.iterdir() if path.name.startswith(".")] == []
    (here / "new").mkdir()
    both = _together(here / "new", "restore", "--folder", here / "saved")
    assert 0 in {code for code, _ in both}, both
    assert "Traceback" not in "".join(said for _, said in both)
    require_same(here / "new", world)


def _together(folder: Path, *arguments: object) -> list[tuple[int, str]]:
    command = [str(P300), *map(str, arguments)]
    processes = [
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[0] for process in processes]
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


def test_a_disk_that_takes_no_more_is_said_and_nothing_is_left(world: Path, here: Path) -> None:
    """Played by a limit on the size of a file: what the system says of it comes the same way as that of a full disk."""
    shutil.copytree(world, here / "world")
    command = f"ulimit -f 100; exec '{P300}' backup --folder '{here / 'saved'}'"
    done = subprocess.run(["bash", "-c", command], cwd=here / "world", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert [path.name for path in here.iterdir()] == ["world"]


def test_nothing_to_save_and_a_wrong_place_are_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = p300(here, "backup")
    assert (done.returncode, list(here.iterdir())) == (1, [])
    assert "there is nothing to save" in done.stderr
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:5001")
    done = p300(here, "backup")
    assert done.returncode == 2
    assert "say which stack is meant, such as --env dev" in " ".join(done.stderr.split())


def test_database_that_is_none_is_said(here: Path) -> None:
    (here / ".p300").mkdir()
    (here / ".p300/mlflow.db").write_bytes(b"no database" * 1000)
    done = p300(here, "backup")
    assert done.returncode == 1
    assert "mlflow.db cannot be read" in " ".join(done.stderr.split())


def test_an_empty_database_that_a_command_made_is_no_hindrance(world: Path, here: Path) -> None:
    assert p300(world, "backup", "--folder", here / "saved").returncode == 0
    Registry(f"sqlite:///{here}/.p300/mlflow.db")
    assert p300(here, "restore", "--folder", here / "saved").returncode == 0
    with sqlite3.connect(here / ".p300/mlflow.db") as database:
        assert database.execute("SELECT count(*) FROM model_versions").fetchone() == (1,)
