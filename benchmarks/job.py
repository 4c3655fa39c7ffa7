"""One job in a process of its own, which says how long it took and how much memory it held at its peak.

``python -m benchmarks.job train FOLDER 8`` trains on the first eight subjects of the store in this folder.
"""

# ruff: noqa: PLC0415  (each job imports what it needs, since what another one imports would count as its memory)
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from p300.domain import SubjectId

Prepare = Callable[[Path, Sequence[SubjectId]], Callable[[], object]]
KIB_PER_MIB = 1024


def main() -> None:
    name, folder, n_subjects = sys.argv[1:]
    subjects = [SubjectId(number) for number in range(1, int(n_subjects) + 1)]
    job = JOBS[name](Path(folder), subjects)
    start_s, start_processor_s = time.perf_counter(), time.process_time()
    job()
    seconds, processor_s = time.perf_counter() - start_s, time.process_time() - start_processor_s
    measured = {"seconds": round(seconds, 2), "processor_s": round(processor_s, 2), "peak_mib": round(_peak_mib())}
    print(json.dumps(measured))


def _preprocess(folder: Path, subjects: Sequence[SubjectId]) -> Callable[[], object]:
    from p300.domain.recipe import Recipe
    from p300.jobs.recordings.preprocess import preprocess
    from p300.store.objects import open_store

    return lambda: preprocess(open_store(str(folder)), Recipe(), subjects=subjects)


def _fit(folder: Path, subjects: Sequence[SubjectId]) -> Callable[[], object]:
    from p300.model.candidates import candidate
    from p300.store.features import FeatureTables
    from p300.store.objects import open_store

    return lambda: candidate("lda").fit(FeatureTables(open_store(str(folder)), subjects))


def _leave_one_subject_out(folder: Path, subjects: Sequence[SubjectId]) -> Callable[[], object]:
    from p300.model.candidates import candidate
    from p300.store.features import FeatureTables
    from p300.store.objects import open_store

    return lambda: candidate("lda").leave_one_subject_out(FeatureTables(open_store(str(folder)), subjects))


def _train(folder: Path, subjects: Sequence[SubjectId]) -> Callable[[], object]:
    from p300.jobs.training.train import Training, train
    from p300.registry import Registry
    from p300.store.objects import open_store

    registry = Registry(f"sqlite:///{folder}/mlflow.db")
    return lambda: train(Training(subjects=subjects), open_store(str(folder)), registry)


JOBS: dict[str, Prepare] = {
    "preprocess": _preprocess,
    "fit": _fit,
    "leave-one-subject-out": _leave_one_subject_out,
    "train": _train,
}


def _peak_mib() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # here ru_maxrss begins with the peak of the process that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / KIB_PER_MIB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KIB_PER_MIB / (1024 if sys.platform == "darwin" else 1)  # which counts bytes


if __name__ == "__main__":
    main()
