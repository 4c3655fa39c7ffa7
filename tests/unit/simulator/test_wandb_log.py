"""Weights & Biases for real, in a process of its own: what it writes, prints and leaves running."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from pathlib import Path
from p300.simulator import wandb_log
from p300.simulator.wandb_log import WandbProject, record
wandb_log.CONNECT_TIMEOUT_S = 1.0
project = WandbProject("p300", Path("new/folder"))
for _ in range(2):
    print(record(
        project,
        "challenger-v1",
        config={"alias": "challenger"},
        subjects={6: {"auc": 0.8}, 7: {"auc": 0.9}},
        together={"mean_auc": 0.85},
    ))
"""


def _record(folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    home = folder / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    environment = {**kept, **variables, "HOME": str(home), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True, timeout=60, input=""
    )


def test_without_a_key_the_run_is_in_files_and_nothing_else_happens(tmp_path: Path) -> None:
    done = _record(tmp_path)
    first, second = map(Path, done.stdout.split())
    assert first != second
    [file] = (tmp_path / first).glob("*.wandb")
    content = file.read_bytes()
    for written in (b"challenger-v1", b"alias", b"subject", b"auc", b"mean_auc", b"0.85"):
        assert written in content
    assert done.stderr == ""
    assert list((tmp_path / "home").iterdir()) == [], "nothing is written outside the folder"


@pytest.mark.parametrize("key", ["short", "a" * 40])
def test_service_that_does_not_answer_costs_a_warning_only(tmp_path: Path, key: str) -> None:
    done = _record(tmp_path, WANDB_API_KEY=key, WANDB_BASE_URL="http://127.0.0.1:9")
    assert all("offline-run" in place for place in done.stdout.split())
    assert done.stderr.count("kept offline") == 2


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    assert _record(tmp_path, WANDB_MODE="disabled").stdout.split() == []
