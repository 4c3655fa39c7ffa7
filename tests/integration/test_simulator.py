"""Evaluation against the real service, over HTTP, with versions in a real registry."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score

from p300.domain import CHALLENGER, CHAMPION, FeatureTable, SubjectId
from p300.domain.recipe import Recipe
from p300.errors import InvalidInput, NotFound, P300Error, Refused
from p300.jobs.judging.evaluate import Evaluation, Simulation, evaluate
from p300.registry import ModelCard, Registry, TrainedModel, load_estimator
from p300.registry.records import Origin
from p300.serving.server import bind, make_server
from p300.settings import ServingSettings
from p300.simulator.client import Endpoint
from p300.simulator.wandb_log import WandbProject
from p300.store.features import encode_features
from p300.store.layout import FEATURES, features_key
from p300.store.objects import ObjectStore, open_store
from tests.builders import make_table

SCRIPT = Path(__file__).parents[2] / "application-simulator" / "application_simulator.py"
RECIPE = Recipe()
N_EPOCHS, N_FEATURES = 60, 12
TRAINED_ON = (SubjectId(1), SubjectId(2))
UNSEEN = tuple(SubjectId(subject) for subject in range(6, 16))  # more than requests are under way at once

Tables = Mapping[SubjectId, FeatureTable]


def _table(
    subject: int,
    *,
    n_features: int = N_FEATURES,
    n_targets: int = 10,
    recipe: Recipe = RECIPE,
    channel_names: tuple[str, ...] = ("Cz", "Pz"),
) -> FeatureTable:
    rng = np.random.default_rng(subject)
    labels = np.where(rng.permutation(N_EPOCHS) < n_targets, 2, 1).astype(np.int8)
    features = rng.standard_normal((N_EPOCHS, n_features)).astype(np.float32)
    features[:, 0] += labels
    return make_table(features, labels, recipe=recipe, channel_names=channel_names)


TABLES: Tables = {subject: _table(subject) for subject in (*TRAINED_ON, *UNSEEN)}


def _register(registry: Registry) -> None:
    features = np.concatenate([TABLES[subject].features for subject in TRAINED_ON])
    labels = np.concatenate([TABLES[subject].labels for subject in TRAINED_ON])
    estimator = LinearDiscriminantAnalysis().fit(features, labels)
    card = ModelCard(TRAINED_ON, RECIPE, ("Cz", "Pz"))
    with registry.start_run("training", kind="training") as run:
        registry.register(run, TrainedModel(estimator, card, features[:2], origin=Origin(recipe_hash=RECIPE.hash)))


@dataclass(frozen=True)
class World:
    """A registry of two versions, a service that follows it, and a folder for all else."""

    registry: Registry
    base_url: str
    folder: Path

    def evaluate(
        self,
        subjects: Sequence[int] = (),
        *,
        tables: Tables = TABLES,
        alias: str = CHALLENGER,
        allow: bool = False,
        on_batch: Callable[[int], None] = lambda _n_epochs: None,
    ) -> Evaluation:
        store = self.stored(tables)
        simulation = Simulation(Endpoint(self.base_url, alias), subjects, allow_training_subjects=allow)
        project = WandbProject("p300", self.folder)
        return evaluate(simulation, store, self.registry, project, on_batch=on_batch)

    def stored(self, tables: Tables) -> ObjectStore:
        store = open_store(str(self.folder / "store"))
        store.make_bucket(FEATURES)
        for subject, table in tables.items():
            store.put(FEATURES, features_key(subject), encode_features(table))
        return store

    def n_recorded(self) -> int:
        return len(self.registry._client.search_runs([self.registry._connection.experiment("p300-simulation")]))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("served")
    registry = Registry(f"sqlite:///{folder / 'mlflow.db'}")
    _register(registry)
    _register(registry)
    registry.set_alias(CHAMPION, 1)
    listener = bind("127.0.0.1", 0)
    listener.listen()  # who comes before the loop runs waits for it
    server = make_server(registry, ServingSettings(cache_dir=folder / "cache", alias_poll_s=0.05))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield World(registry, f"http://127.0.0.1:{listener.getsockname()[1]}", folder)
    server.should_exit = True
    thread.join()


@pytest.fixture
def world(served: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The challenger is version 1, whatever it was before: evaluation waits for the service to follow."""
    served.registry.set_alias(CHALLENGER, 1)
    monkeypatch.setenv("WANDB_MODE", "disabled")  # tested in a process of its own
    return replace(served, folder=tmp_path)


def test_scores_are_the_models_own_and_are_recorded(world: World) -> None:
    evaluation = world.evaluate((6, 7))
    version = world.registry.version_under(CHALLENGER)
    assert version == evaluation.version
    estimator = load_estimator(world.registry.download(version, world.folder / "model"))
    for subject in (SubjectId(6), SubjectId(7)):
        own = estimator.predict_proba(TABLES[subject].features)[:, 1]
        np.testing.assert_allclose(evaluation.answers[subject].probabilities, own, atol=1e-6)
        assert evaluation.answers.scores[subject].auc == pytest.approx(roc_auc_score(TABLES[subject].targets, own))
    recorded = world.registry._client.get_run(evaluation.run_id)
    assert recorded.info.status == "FINISHED"
    aucs = [recorded.data.metrics[name] for name in ("subject_06_auc", "subject_07_auc")]
    assert aucs == [scores.auc for scores in evaluation.answers.scores.values()]
    assert recorded.data.metrics["mean_auc"] == pytest.approx(sum(aucs) / 2)
    assert recorded.data.metrics["pooled_n_epochs"] == 2 * N_EPOCHS
    for tag, value in {"alias": CHALLENGER, "version": "1", "subjects": "6,7", "training_subjects": "none"}.items():
        assert recorded.data.tags[tag] == value


def test_without_subjects_it_is_all_that_the_version_has_not_seen(world: World) -> None:
    progress: list[int] = []
    evaluation = world.evaluate(on_batch=progress.append)
    assert tuple(evaluation.answers) == UNSEEN
    assert evaluation.trained_on == ()
    assert sum(progress) == evaluation.answers.pooled.n_epochs == N_EPOCHS * len(UNSEEN)


def test_training_subjects_are_refused_by_name_unless_allowed(world: World) -> None:
    with pytest.raises(
        Refused, match=r"version 1\) was trained on subject_01, subject_02: .*--allow_training_subjects"
    ):
        world.evaluate((6, 2, 1))
    evaluation = world.evaluate((6, 2, 1), allow=True)
    assert evaluation.trained_on == TRAINED_ON
    assert world.registry._client.get_run(evaluation.run_id).data.tags["training_subjects"] == "1,2"


def test_alias_that_moves_in_between_spoils_the_evaluation(world: World) -> None:
    def move(_n_epochs: int) -> None:
        world.registry.set_alias(CHALLENGER, 2)
        _await_version(world.base_url, 2)

    before = world.n_recorded()
    with pytest.raises(Refused, match="challenger was version 1 and then version 2 .* nothing was recorded"):
        world.evaluate(on_batch=move)
    assert world.n_recorded() == before


def _await_version(base_url: str, version: int) -> None:
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        answer = httpx.post(f"{base_url}/predict-{CHALLENGER}/", json={"features": [0.0] * N_FEATURES})
        if answer.json()["model"]["version"] == version:
            return
    raise TimeoutError(f"no version {version} at {base_url}")


def test_alias_that_moves_after_the_last_answer_is_told(world: World, caplog: pytest.LogCaptureFixture) -> None:
    evaluation = world.evaluate((6,), on_batch=lambda _n_epochs: world.registry.set_alias(CHALLENGER, 2))
    assert evaluation.version.version == 1
    assert "challenger moved to version 2 in the meantime; every answer came from version 1" in caplog.text


@pytest.mark.parametrize(
    ("table", "error", "reason"),
    [
        (_table(30, n_features=7), InvalidInput, "answered 422: .*expected.* 12"),
        (_table(30, n_targets=0), InvalidInput, "subject_30: no scores without both classes"),
        (
            _table(30, channel_names=("Pz", "Cz")),
            Refused,
            "channels Pz, Cz, but .* trained on Cz, Pz, in this order",
        ),
        (_table(30, recipe=Recipe(band_hz=(0.5, 20.0))), Refused, "features of subject_30 were made by another recipe"),
    ],
)
def test_subject_that_cannot_be_scored(world: World, table: FeatureTable, error: type[P300Error], reason: str) -> None:
    before = world.n_recorded()
    with pytest.raises(error, match=reason):
        world.evaluate(tables={SubjectId(6): _table(6), SubjectId(30): table})
    assert world.n_recorded() == before


def test_unknown_subjects_are_named_with_those_that_exist(world: World) -> None:
    with pytest.raises(NotFound, match="not preprocessed: subjects 99; there are features of 1, 2, 6, 7"):
        world.evaluate((6, 99))


def test_unknown_alias(world: World) -> None:
    with pytest.raises(NotFound, match="no version has the alias nobody"):
        world.evaluate((6,), alias="nobody")


def test_no_unseen_subject_is_left(world: World) -> None:
    with pytest.raises(Refused, match="no processed subject that challenger .version 1. was not trained on"):
        world.evaluate(tables={subject: TABLES[subject] for subject in TRAINED_ON})


def test_service_script(world: World) -> None:
    world.stored(TABLES)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    environment |= {"P300_STORE_URL": "store", "P300_WANDB_DIR": "records", "COLUMNS": "200"}
    command = [sys.executable, str(SCRIPT), "6", "7", "--target_alias", CHALLENGER, "--base_url", world.base_url]
    command += ["--mlflow_tracking_uri", world.registry.tracking_uri]
    done = subprocess.run(command, cwd=world.folder, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "version 1" in done.stdout
    [record] = (world.folder / "records" / "wandb").glob("offline-run-*")
    assert record.name in done.stdout
