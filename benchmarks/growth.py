"""How time and peak memory of preprocess and train grow from 1 to 64 synthetic subjects."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.rows import Row
from benchmarks.servers import ROOT
from p300.domain import SubjectId
from p300.jobs.recordings.synth import synth
from p300.jobs.training.train import FEWEST_SUBJECTS
from p300.store.layout import FEATURES, LANDING, RAW
from p300.store.objects import open_store

SUBJECTS = (1, 2, 4, 8, 16, 32, 64)
MEMORY_BARS = {
    "preprocess": "does not grow",
    "fit": "does not grow",
    "leave-one-subject-out": "does not grow",
    "train": "does not grow, 600 MiB",
}


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subjects = [SubjectId(number) for number in range(1, max(SUBJECTS) + 1)]
        synth(open_store(name), subjects, workers=os.cpu_count() or 1)
        (folder / LANDING).rename(folder / RAW)
        rows = []
        for job in MEMORY_BARS:
            fewest = 1 if job == "preprocess" else FEWEST_SUBJECTS
            rows += _rows(job, {n: _measure(job, folder, n) for n in SUBJECTS if n >= fewest})
        return rows


def _measure(job: str, folder: Path, n_subjects: int) -> dict[str, float]:
    if job == "preprocess":  # which would not make again what is there
        shutil.rmtree(folder / FEATURES, ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.job", job, str(folder), str(n_subjects)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _rows(job: str, measured: Mapping[int, Mapping[str, float]]) -> list[Row]:
    """Here the peer is the smallest number of subjects, and the ratio how many times more the largest takes."""
    fewest, most = min(measured), max(measured)
    bars = {"seconds": f"at most {most // fewest} times", "peak_mib": MEMORY_BARS[job]}
    return [
        {
            "work": f"{job}, {most} subjects (peer: {fewest})",
            "ours": measured[most][quantity],
            "peer": measured[fewest][quantity],
            "floor": None,
            "unit": {"seconds": "s", "peak_mib": "MiB"}[quantity],
            "ratio": round(measured[most][quantity] / measured[fewest][quantity], 2),
            "bar": bar,
            "by_subjects": {str(n): values[quantity] for n, values in measured.items()},
        }
        for quantity, bar in bars.items()
    ]
