"""README's walkthrough of the platform, line by line as it stands there, and what each line must bring about."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from p300.domain import CHALLENGER, CHAMPION, Label, SubjectId
from p300.domain.recipe import Recipe
from p300.jobs.judging.answers import answers_of
from p300.jobs.recordings.ingest import ingest, land
from p300.jobs.recordings.preprocess import preprocess
from p300.jobs.training.train import Training, train
from p300.model.scores import score
from p300.registry import Registry, load_estimator
from p300.store.features import FeatureTables
from p300.store.layout import FEATURES, LANDING, RAW
from p300.store.objects import open_store
from p300.store.subjects import stored_subjects
from tests.compose import platform
from tests.compose.shell import ROOT, await_true, sh, walkthrough

TEN = [SubjectId(number) for number in range(1, 11)]
LIVE_WITHIN_S = 10.0
AUC_TOLERANCE = 0.01


@pytest.fixture(scope="module")
def lines() -> Iterator[Iterator[str]]:
    """The lines, of which the last is left for the end of all tests."""
    *play, end = walkthrough()
    assert end.endswith("docker compose down -v")
    return iter(play)


def play(lines: Iterator[str], *beginnings: str) -> str:
    """Play the next lines, which must begin like this; return what the last one wrote."""
    written = ""
    for beginning in beginnings:
        line = next(lines)
        assert line.startswith(beginning)
        written = sh(line)
    return written


def test_it_comes_up_and_says_that_there_is_no_model(lines: Iterator[str]) -> None:
    play(lines, "make .venv/ready")
    if not any((ROOT / "data").glob("subject_*")):
        play(lines, "p300 synth")
    else:  # recordings that were there before are as good
        next(lines)
    play(lines, "docker compose up")
    assert len(platform.containers("model-serving-champion")) == 2
    for alias in (CHAMPION, CHALLENGER):
        refused = httpx.post(f"{platform.BASE_URL}/predict-{alias}/", json={"features": [0.0]})
        assert refused.status_code == 503
        assert f"no model answers for {alias}: no version has that alias" in refused.json()["error"]


def test_airflow_brings_ten_subjects(lines: Iterator[str]) -> None:
    play(lines, *["docker compose -f airflow-compose.yaml"] * 5)
    await_true(
        lambda: set(platform.dag_runs().values()) == {"success"}, within_s=600, what="both runs succeed", every_s=5
    )
    assert len(platform.dag_runs()) == 2
    store = platform.store()
    assert stored_subjects(store, RAW) == stored_subjects(store, FEATURES) == TEN
    assert store.list(LANDING) == []
    preprocessed = [
        task["rendered_map_index"]
        for run_id in platform.dag_runs()
        for task in platform.tasks(run_id)
        if task["task_id"].endswith("preprocess") and task["state"] == "success"
    ]
    assert sorted(preprocessed) == [f"subject_{subject:02}" for subject in TEN]


def test_a_version_is_trained_challenges_and_is_promoted(lines: Iterator[str]) -> None:
    play(lines, "docker compose run --rm --build training-job")
    assert platform.version_under(CHALLENGER).version == 1
    trained_on = platform.registry().training_subjects(platform.version_under(CHALLENGER))
    assert list(trained_on) == TEN[:5]
    await_true(lambda: platform.served_version(CHALLENGER) == 1, within_s=LIVE_WITHIN_S, what="1 is live")
    play(lines, "docker compose restart model-serving-challenger", "python application-simulator")
    play(lines, "docker compose run --rm training-job p300 promote")
    assert platform.version_under(CHAMPION).version == 1
    await_true(lambda: platform.served_version(CHAMPION) == 1, within_s=LIVE_WITHIN_S, what="1 is live")
    play(lines, "docker compose restart model-serving-champion", "python application-simulator")


def test_the_next_version_challenges(lines: Iterator[str]) -> None:
    play(lines, "docker compose run --rm --build training-job")
    assert platform.version_under(CHALLENGER).version == 2
    assert platform.version_under(CHAMPION).version == 1
    assert list(platform.registry().training_subjects(platform.version_under(CHALLENGER))) == TEN[:7]
    play(lines, "python application-simulator")
    answer = json.loads(play(lines, "curl -X POST"))
    assert answer["model"]["version"] == 1
    assert answer["predictions"][0]["class_name"] in {"NonTarget", "Target"}
    assert next(lines, None) is None


def test_both_replicas_answered() -> None:
    assert len(platform.upstreams("/v2/models/champion/infer")) >= 2


def test_scores_are_those_of_the_embedded_run(tmp_path: Path) -> None:
    """The same recordings through the embedded default: no server, no container."""
    store = open_store(str(tmp_path / "store"))
    land(ROOT / "data", store, batch_size=10)
    ingest(store)
    preprocess(store, Recipe(), workers=2)
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    embedded = {}
    for share, judges in ((0.5, (6, 7, 9, 10)), (0.75, (9, 10))):
        version = train(Training(share=share), store, registry).version
        estimator = load_estimator(registry.download(version, tmp_path / str(share)))
        for subject, table in FeatureTables(store, [SubjectId(judge) for judge in judges]).items():
            answers = estimator.predict_proba(table.features)[:, 1].astype(np.float32)
            embedded[version.version, subject] = score(table.labels == Label.Target, answers).auc
    simulated = {}
    for version in platform.registry().versions():
        answers = answers_of(platform.registry(), version)
        simulated |= {(version.version, subject): scores.auc for subject, scores in answers.scores.items()}
    assert simulated == pytest.approx(embedded, abs=AUC_TOLERANCE)
