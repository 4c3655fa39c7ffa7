"""How long a command takes to say its first word: ours, MLflow's command, and Python's own start."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.rows import Row, in_turn, row

ROUNDS = 5
PROGRAMS = Path(sys.executable).parent
BARS = {"--help": "0.35 s", "train --help": "", "status": "3 s with no server"}


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        works: dict[str, Callable[[], object]] = {
            "peer": partial(_run, PROGRAMS / "mlflow", "--help", folder=folder),
            "floor": partial(_run, sys.executable, "-c", "pass", folder=folder),
        }
        works |= {command: partial(_run, PROGRAMS / "p300", *command.split(), folder=folder) for command in BARS}
        seconds = in_turn(works, rounds=ROUNDS)
    return [
        row(
            f"p300 {command} (peer: mlflow --help)",
            seconds | {"ours": seconds[command]},
            "s",
            bar,
            lower_is_better=True,
        )
        for command, bar in BARS.items()
    ]


def _run(*command: str | Path, folder: str) -> None:
    # With nothing but a path: what a person's shell sets, such as where MLflow is, would be measured too.
    subprocess.run(
        command, cwd=folder, env={"PATH": os.defpath}, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
