"""A store and a registry that an older release made go on: versions load, serve, are judged and learnt on from."""

import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from p300.domain import CHALLENGER, CHAMPION, SubjectId
from p300.errors import Refused
from p300.jobs.judging.evaluate import Simulation, evaluate
from p300.jobs.judging.report import report
from p300.jobs.recordings.preprocess import preprocess
from p300.jobs.training.train import Training, train
from p300.registry import Registry, load_estimator, read_overview
from p300.registry.records import Means, training_subjects_of
from p300.rollout.promotion import promote
from p300.serving.server import bind, make_server
from p300.settings import ServingSettings
from p300.simulator.client import Endpoint
from p300.simulator.wandb_log import WandbProject
from p300.store.features import FeatureTables
from p300.store.objects import ObjectStore, open_store

ARCHIVE = Path(__file__).with_name("older") / "store.tar.xz"
FOUR = SubjectId(4)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `.p300` of the older release, in another place than it was made."""
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder / ".p300"


@pytest.fixture(scope="module")
def store(world: Path) -> ObjectStore:
    return open_store(str(world / "store"))


@pytest.fixture(scope="module")
def registry(world: Path) -> Registry:
    return Registry(f"sqlite:///{world / 'mlflow.db'}")


@pytest.fixture(scope="module")
def base_url(registry: Registry, world: Path) -> Iterator[str]:
    listener = bind("127.0.0.1", 0)
    listener.listen()
    server = make_server(registry, ServingSettings(cache_dir=world / "cache", alias_poll_s=0.05))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_every_version_answers_as_it_did(world: Path, store: ObjectStore, registry: Registry) -> None:
    expected = json.loads((world / "expected.json").read_text())
    features = FeatureTables(store)[FOUR].features[:12]
    answered = {}
    for version in registry.versions():
        estimator = load_estimator(registry.download(version, world / f"version-{version.version}"))
        answered[str(version.version)] = estimator.predict_proba(features)[:, 1]
        assert registry.card(version).channel_names == ("Cz", "Pz")
    assert answered.keys() == expected.keys() == {"1", "2", "3", "4", "5"}
    for version, probabilities in expected.items():
        np.testing.assert_allclose(answered[version], probabilities, atol=1e-6)


def test_an_unchanged_recording_is_not_processed_again(store: ObjectStore) -> None:
    recipe = FeatureTables(store)[SubjectId(1)].provenance.recipe
    done = preprocess(store, recipe, subjects=[1], workers=1)
    assert (done.made, done.current) == ([], [1])


def test_status_sees_what_was_logged(world: Path) -> None:
    *_, first = read_overview(f"sqlite:///{world / 'mlflow.db'}")
    assert (first.version, first.aliases) == (1, (CHAMPION,))
    assert training_subjects_of(first.params) == (1, 2)
    means = Means.of_validation(first.metrics)
    assert means.auc is not None
    assert means.auc > 0.9
    assert means.all_auc is None, "which flashes were missed was not counted then"


def test_the_report_has_the_old_answers(store: ObjectStore, registry: Registry, world: Path) -> None:
    page = report(store, registry, world / "report.html").read_text()
    assert "on subjects 4-5" in page
    assert "0.999" in page or "1.000" in page


@pytest.mark.usefixtures("world")
def test_an_old_version_is_served_and_judged_by_whom_it_has_not_seen(
    store: ObjectStore, registry: Registry, base_url: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    project = WandbProject("p300", world)
    with pytest.raises(Refused, match="was trained on subject_03"):
        evaluate(Simulation(Endpoint(base_url, CHALLENGER), (3, 4)), store, registry, project)
    before = registry.simulations(registry.versions()[-1])[0]
    again = evaluate(Simulation(Endpoint(base_url, CHAMPION), (4, 5)), store, registry, project)
    for subject, old in registry.answers(before).items():
        np.testing.assert_allclose(again.answers[subject].probabilities, old.probabilities, atol=1e-6)


def test_old_sums_are_learnt_on_from_and_the_challenger_is_promoted(store: ObjectStore, registry: Registry) -> None:
    trained = train(Training(incremental=True, subjects=(1, 2, 3, 4)), store, registry)
    assert trained.subjects == (1, 2, 3, 4)
    assert promote(registry).after == 2
