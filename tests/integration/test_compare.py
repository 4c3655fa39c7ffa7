"""`p300 compare` reads both versions' answers from MLflow and ends with the code of its outcome."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from p300.domain import CHALLENGER, CHAMPION, Recipe, SubjectId
from p300.model.answers import Answers
from p300.registry import ModelCard, Registry, TrainedModel
from p300.registry.records import ANSWERS_FILE, SimulationRun, simulation_metrics
from tests.unit.rollout.contests import people

TRAINED_ON = SubjectId(99)


def _uri(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


def _register(registry: Registry, alias: str, answers: Answers | None, trained_on: tuple[SubjectId, ...]) -> None:
    features = np.random.default_rng(1).standard_normal((40, 3)).astype(np.float32)
    estimator = LinearDiscriminantAnalysis().fit(features, np.arange(40) % 2 + 1)
    with registry.start_run("training", kind="training") as run:
        version = registry.register(
            run, TrainedModel(estimator, ModelCard(trained_on, Recipe(), ("Cz",)), features[:1])
        )
    registry.set_alias(alias, version.version)
    if answers is None:
        return
    about = SimulationRun(alias, version.version, version.run_id, "http://here", tuple(answers), ())
    with registry.start_run("asked", kind="simulation", tags=about.tags()) as asked:
        asked.log_metrics(simulation_metrics(answers, 1.0))
        asked.log_json(ANSWERS_FILE, answers.to_json())


def _compare(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "MLFLOW_TRACKING_URI": _uri(folder), "COLUMNS": "120"}
    command = [sys.executable, "-m", "p300", "compare"]
    return subprocess.run(command, env=environment, cwd=folder, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("n_subjects", "gain", "code", "sentence"),
    [
        (6, 0.5, 0, "Promote: the challenger is better for the next person."),
        (6, -0.5, 3, "Keep: the champion is better."),
        (3, 0.5, 4, "Undecided: these people are too few, or too different, to tell for the next one."),
    ],
)
def test_the_exit_code_is_the_outcome(tmp_path: Path, n_subjects: int, gain: float, code: int, sentence: str) -> None:
    champion, challenger = people(np.random.default_rng(0), n_subjects, 300, gain=gain, spread=0.0)
    registry = Registry(_uri(tmp_path))
    _register(registry, CHAMPION, champion, (TRAINED_ON,))
    _register(registry, CHALLENGER, challenger, (TRAINED_ON,))
    done = _compare(tmp_path)
    assert done.returncode == code, done.stderr
    assert sentence in done.stdout
    assert f"on subjects 1-{n_subjects}: " in done.stdout
    assert "largest loss of one subject" in done.stdout
    assert ("more would settle it" in done.stdout) == (code == 4)
    assert ("AUC, no bounds from fewer than 5 people for the next person" in done.stdout) == (code == 4)
    page = (tmp_path / ".p300" / "comparison.html").read_text()
    assert sentence in html.unescape(page)
    assert page.count("<svg") == 3
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)


def test_who_was_learnt_from_does_not_judge(tmp_path: Path) -> None:
    champion, challenger = people(np.random.default_rng(0), 6, 300, gain=0.5, spread=0.0)
    registry = Registry(_uri(tmp_path))
    _register(registry, CHAMPION, champion, (SubjectId(1), SubjectId(2)))
    _register(registry, CHALLENGER, challenger, (SubjectId(3),))
    done = _compare(tmp_path)
    assert done.returncode == 4
    assert "on subjects 4-6: " in done.stdout


@pytest.mark.parametrize(
    ("has_challenger", "asked", "sentence"),
    [
        (False, True, "no version has the alias challenger: train one and give it that alias first"),
        (True, False, "versions 1 and 2 have answered no subject in common"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, has_challenger: bool, asked: bool, sentence: str) -> None:
    champion, _ = people(np.random.default_rng(0), 6, 300, gain=0.0, spread=0.0)
    registry = Registry(_uri(tmp_path))
    _register(registry, CHAMPION, champion, (TRAINED_ON,))
    if has_challenger:
        _register(registry, CHALLENGER, champion if asked else None, (TRAINED_ON,))
    done = _compare(tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr
