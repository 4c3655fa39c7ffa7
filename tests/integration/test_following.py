"""What a running service does when the registry under it is lost, replaced, or hands out what takes for ever."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx
import numpy as np
import pytest
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from p300.domain import CHAMPION, Float32s
from p300.domain.recipe import Recipe
from p300.registry import ModelCard, ModelVersion, Registry, TrainedModel
from p300.serving.models.follower import Versions
from p300.serving.server import bind, make_server
from p300.settings import ServingSettings
from tests.shelf import Shelf

PATIENCE_S = 60.0
N_FEATURES = 6

Said = dict[str, object]


def _epochs(seed: int) -> Float32s:
    return np.random.default_rng(seed).standard_normal((40, N_FEATURES)).astype(np.float32)


def _fitted(seed: int) -> ClassifierMixin:
    return LinearDiscriminantAnalysis().fit(_epochs(seed), np.repeat([1, 2], 20))


def _world(folder: Path, seed: int) -> Registry:
    """A registry in a folder of its own, whose champion is version 1."""
    registry = Registry(f"sqlite:///{folder}/mlflow.db")
    with registry.start_run("training", kind="training") as run:
        card = ModelCard((), Recipe(), ("Cz", "Pz"))
        registry.register(run, TrainedModel(_fitted(seed), card, _epochs(seed)[:2]))
    registry.set_alias(CHAMPION, 1)
    return registry


@contextmanager
def _serving(versions: Versions, cache_dir: Path) -> Iterator[httpx.Client]:
    settings = ServingSettings(served_aliases=(CHAMPION,), cache_dir=cache_dir, alias_poll_s=0.05)
    listener = bind("127.0.0.1", 0)
    listener.listen()
    server = make_server(versions, settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=PATIENCE_S) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def _await(client: httpx.Client, happened: Callable[[Said], object]) -> Said:
    """What the service says of the champion, once it says so."""
    deadline_s = monotonic() + PATIENCE_S
    while True:
        said: Said = client.get("/health/ready").json()["models"][CHAMPION]
        if happened(said):
            return said
        assert monotonic() < deadline_s, said
        sleep(0.02)


def _require_answers_of(client: httpx.Client, estimator: ClassifierMixin) -> None:
    epochs = _epochs(9)
    answer = client.post("/predict-champion/", json={"epochs": epochs.tolist()})
    assert answer.status_code == 200, answer.text
    answers = [prediction["probability_target"] for prediction in answer.json()["predictions"]]
    np.testing.assert_allclose(answers, estimator.predict_proba(epochs)[:, 1], atol=1e-6)


def _is_up(client: httpx.Client) -> bool:
    return 'p300_registry_up{alias="champion"} 1.0' in client.get("/metrics").text


def test_a_database_that_is_removed_and_replaced_is_noticed(tmp_path: Path) -> None:
    """As `p300 demo` does it: the folder goes away, and another world comes to stand in its place."""
    folder = tmp_path / "world"
    registry = _world(folder, seed=1)
    with _serving(registry, tmp_path / "cache") as client:
        first = _await(client, lambda said: said["state"] == "serving")
        assert first["error"] is None
        shutil.rmtree(folder)
        lost = _await(client, lambda said: said["error"])
        assert (lost["state"], lost["run_id"]) == ("serving", first["run_id"])
        assert "mlflow.db" in str(lost["error"])
        assert not _is_up(client)
        _require_answers_of(client, _fitted(1))
        _world(folder, seed=2)
        second = _await(client, lambda said: said["state"] == "serving" and said["run_id"] != first["run_id"])
        assert (second["version"], second["error"]) == (1, None)
        assert _is_up(client)
        _require_answers_of(client, _fitted(2))


def test_an_alias_on_a_deleted_version_leaves_the_last_good_one(tmp_path: Path) -> None:
    registry = _world(tmp_path, seed=1)
    with _serving(registry, tmp_path / "cache") as client:
        _await(client, lambda said: said["state"] == "serving")
        with registry.start_run("training", kind="training") as run:
            card = ModelCard((), Recipe(), ("Cz", "Pz"))
            registry.register(run, TrainedModel(_fitted(2), card, _epochs(2)[:2]))
        _delete_under_an_alias(tmp_path / "mlflow.db")
        said = _await(client, lambda said: said["error"])
        assert (said["state"], said["version"]) == ("serving", 1)
        assert "alias champion is on version 2 of P300-Classifier, which was deleted" in str(said["error"])
        _require_answers_of(client, _fitted(1))


def _delete_under_an_alias(database: Path) -> None:
    """What another program leaves: MLflow itself would take the alias away with the version."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE registered_model_aliases SET version = 2")
        connection.execute("UPDATE model_versions SET current_stage = 'Deleted_Internal' WHERE version = 2")


class Slow(Shelf):
    """Its second version takes for ever to come."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.begun, self.never = threading.Event(), threading.Event()

    def download(self, version: ModelVersion, folder: Path) -> Path:
        if version.version == 2:
            self.begun.set()
            self.never.wait()
        return super().download(version, folder)


@pytest.mark.parametrize("moved", [False, True])
def test_a_version_that_takes_for_ever_blocks_neither_answers_nor_the_end(tmp_path: Path, moved: bool) -> None:
    shelf = Slow(tmp_path / "shelf")
    shelf.register(_fitted(1), _epochs(1)[:2], channels=("Cz", "Pz"))
    if moved:
        shelf.register(_fitted(2), _epochs(2)[:2], channels=("Cz", "Pz"))
        shelf.aliases[CHAMPION] = 1
    with _serving(shelf, tmp_path / "cache") as client:
        _await(client, lambda said: said["state"] == "serving")
        if not moved:
            shelf.register(_fitted(2), _epochs(2)[:2], channels=("Cz", "Pz"))
        shelf.aliases[CHAMPION] = 2
        assert shelf.begun.wait(PATIENCE_S)
        for _ in range(10):
            _require_answers_of(client, _fitted(1))
    shelf.never.set()
