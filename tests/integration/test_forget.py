"""A person is forgotten: no sample of theirs is left in the store, in MLflow or in a cache, and who learnt is named."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p300.domain import CHAMPION, Recipe, SubjectId
from p300.errors import NotFound, Refused
from p300.jobs.platform.forget import Forgotten, forget
from p300.jobs.training.train import Training, train
from p300.model.answers import Answers, Flashes, SubjectAnswers
from p300.registry import Registry, load_estimator
from p300.registry.records import ANSWERS_FILE, SimulationRun
from p300.store.features import FeatureTables, encode_features
from p300.store.layout import FEATURES, LANDING, RAW, features_key, recording_key, rejected_keys
from p300.store.objects import ObjectStore
from tests.builders import make_table

ONE, TWO, THREE, SIX = map(SubjectId, (1, 2, 3, 6))
RECIPE = Recipe(window_s=(0.0, 0.05), baseline_s=None)


@pytest.fixture(params=["file", "mlflow_server"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    """Where MLflow is a file, and where it is a server that proxies artifacts."""
    if request.param == "file":
        return Registry(f"sqlite:///{tmp_path / 'mlflow.db'}", model_name="forget")
    return Registry(str(request.getfixturevalue(request.param)), model_name=request.node.originalname)


@pytest.fixture
def world(store: ObjectStore, registry: Registry) -> None:
    """Three subjects: version 1 learnt from all, version 2 from the last two; subject 6 and 1 were asked about."""
    for bucket in (LANDING, RAW, FEATURES):
        store.make_bucket(bucket)
    for subject in (ONE, TWO, THREE):
        _store(store, subject)
    for key in rejected_keys(recording_key(ONE), "0" * 64):
        store.put(LANDING, key, b"broken")
    train(Training(), store, registry)
    second = train(Training(subjects=(2, 3)), store, registry).version
    registry.set_alias(CHAMPION, 2)
    answers = SubjectAnswers(Flashes(np.arange(12) < 3), np.linspace(0, 1, 12, dtype=np.float32))
    about = SimulationRun(CHAMPION, 2, second.run_id, "http://here", (ONE, SIX), ())
    with registry.start_run("asked", kind="simulation", tags=about.tags()) as run:
        run.log_json(ANSWERS_FILE, Answers({ONE: answers, SIX: answers}).to_json())


def _store(store: ObjectStore, subject: SubjectId) -> None:
    rng = np.random.default_rng(subject)
    features = rng.standard_normal((60, 12)).astype(np.float32)
    table = make_table(features, np.where(np.arange(60) % 6 == 0, 2, 1), recipe=RECIPE, raw_sha256=f"{subject:064d}")
    store.put(FEATURES, features_key(subject), encode_features(table))
    store.put(RAW, recording_key(subject), f"samples of {subject}".encode())


@pytest.mark.usefixtures("world")
def test_nothing_of_the_person_is_left(store: ObjectStore, registry: Registry, tmp_path: Path) -> None:
    first_epoch = FeatureTables(store)[ONE].features[0]
    second, first = registry.versions()
    cached = registry.download(first, tmp_path / "cache" / "champion" / "version-1")
    assert _holds(cached, first_epoch), "otherwise this tests nothing"
    before = load_estimator(cached).predict_proba(FeatureTables(store)[TWO].features)

    done = forget(ONE, store, registry, cache=tmp_path / "cache")

    assert done == Forgotten({LANDING: 2, RAW: 1, FEATURES: 1}, n_answers=1, n_sums=1, learnt=(first,))
    left = [f"{bucket}/{key}" for bucket in store.buckets() for key in store.list(bucket)]
    assert [key for key in left if "subject_01" in key] == []
    assert len(left) == 4, "the others are as they were"
    (simulation,) = registry.simulations(second)
    assert list(registry.answers(simulation)) == [SIX]
    with pytest.raises(NotFound):
        registry.sums(first)
    assert registry.sums(second).subjects == (TWO, THREE)
    fresh = registry.download(first, tmp_path / "fresh")
    assert not _holds(cached, first_epoch)
    assert not _holds(fresh, first_epoch)
    for folder in (cached, fresh):
        after = load_estimator(folder).predict_proba(FeatureTables(store)[TWO].features)
        np.testing.assert_array_equal(after, before)
    assert registry.training_subjects(first) == (ONE, TWO, THREE), "who once taught a version must never judge it"
    with pytest.raises(Refused, match="version 2 has learnt from all of these"):
        train(Training(incremental=True), store, registry)


def _holds(folder: Path, epoch: np.ndarray) -> bool:
    example = json.loads((folder / "input_example.json").read_text())
    serving = json.loads((folder / "serving_input_example.json").read_text())["inputs"]
    assert np.shape(example) == np.shape(serving) == (2, len(epoch))
    return any(np.allclose(row, epoch, atol=1e-6) for row in [*example, *serving])


@pytest.mark.usefixtures("world")
def test_it_can_be_repeated_and_says_when_there_was_nobody(
    store: ObjectStore, registry: Registry, tmp_path: Path
) -> None:
    forget(ONE, store, registry, cache=tmp_path / "cache")
    again = forget(ONE, store, registry, cache=tmp_path / "cache")
    assert (dict(again.objects), again.n_answers, again.n_sums) == ({}, 0, 0)
    assert [version.version for version in again.learnt] == [1]
    with pytest.raises(NotFound, match="nothing is known of subject_44"):
        forget(SubjectId(44), store, registry, cache=tmp_path / "cache")


def test_the_command_names_what_is_left_to_do(tmp_path: Path) -> None:
    options: dict[str, Any] = {"cwd": tmp_path, "env": {**os.environ, "COLUMNS": "200"}}
    command = [sys.executable, "-m", "p300"]
    subprocess.run([*command, "synth", "--subjects", "1"], cwd=tmp_path, check=True)
    done = subprocess.run([*command, "forget", "1"], check=False, **options, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert LANDING in done.stdout
    assert "files that you gave" in done.stdout
    assert not (tmp_path / ".p300" / "mlflow.db").exists(), "where nothing was trained, no database is made"
    again = subprocess.run([*command, "forget", "1"], check=False, **options, capture_output=True, text=True)
    assert (again.returncode, again.stdout) == (1, "")
    assert "nothing is known of subject_01" in again.stderr
