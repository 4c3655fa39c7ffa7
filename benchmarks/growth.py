"""How time and peak memory of preprocess and train grow from 1 to 64 synthetic subjects."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.rows import Row
from p300.domain import SubjectId
from p300.jobs.synth import synth
from p300.store.layout import LANDING, RAW
from p300.store.objects import open_store

SUBJECTS = (1, 2, 4, 8, 16, 32, 64)
LEAST_TO_TRAIN = 2

# The work in a process of its own, which says how long it took and how much it held at its peak.
MEASURED = """
import json, resource, sys, time
from p300.domain import SubjectId
from p300.eeg.recipe import Recipe
from p300.jobs.preprocess import preprocess
from p300.model.candidates import candidate
from p300.store.objects import open_store
from p300.store.subjects import FeatureTables

work, url, n_subjects = sys.argv[1], sys.argv[2], int(sys.argv[3])
subjects = [SubjectId(number) for number in range(1, n_subjects + 1)]
store = open_store(url)
start_s = time.perf_counter()
if work == "preprocess":
    preprocess(store, Recipe(), subjects=subjects)
elif work == "fit":
    candidate("lda").fit(FeatureTables(store, subjects))
else:
    candidate("lda").leave_one_subject_out(FeatureTables(store, subjects))
seconds = time.perf_counter() - start_s
peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": round(seconds, 2), "peak_mib": round(peak_mib)}))
"""


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)
        subjects = [SubjectId(number) for number in range(1, max(SUBJECTS) + 1)]
        synth(store, subjects, workers=os.cpu_count() or 1)
        (Path(folder) / LANDING).rename(Path(folder) / RAW)
        rows = []
        for work in ("preprocess", "fit", "leave one subject out"):
            least = 1 if work == "preprocess" else LEAST_TO_TRAIN
            measured = {n: _measure(work, folder, n) for n in SUBJECTS if n >= least}
            rows += _rows(work, measured)
        return rows


def _measure(work: str, folder: str, n_subjects: int) -> dict[str, float]:
    command = [sys.executable, "-c", MEASURED, work, folder, str(n_subjects)]
    measured: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return measured


def _rows(work: str, measured: dict[int, dict[str, float]]) -> list[Row]:
    """Here the peer is the smallest number of subjects, and the ratio how many times more the largest takes."""
    fewest, most = measured[min(measured)], measured[max(measured)]
    name = f"{work}, {max(measured)} subjects (peer: {min(measured)})"
    bars = {"seconds": f"at most {max(measured) // min(measured)} times", "peak_mib": "does not grow"}
    return [
        {
            "work": name,
            "ours": most[quantity],
            "peer": fewest[quantity],
            "floor": None,
            "unit": {"seconds": "s", "peak_mib": "MiB"}[quantity],
            "ratio": round(most[quantity] / fewest[quantity], 2),
            "bar": bars[quantity],
            "by_subjects": {str(n): values[quantity] for n, values in measured.items()},
        }
        for quantity in ("seconds", "peak_mib")
    ]
