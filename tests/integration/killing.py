"""Run as a script: do a job twice at once in every folder, kill one of the two at a random moment, then do it again.

``killing.py JOB ROOT SEED``: each folder below ROOT is a store. Prints a line for each: its name, whether
the one that was to be killed was, and how the other two ended.
"""

import importlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from p300.domain import Recipe, SubjectId
from p300.jobs.recordings.ingest import ingest
from p300.jobs.recordings.preprocess import preprocess
from p300.jobs.recordings.synth import synth
from p300.store.folder import FolderStore

JOBS: dict[str, Callable[[FolderStore], object]] = {
    "ingest": lambda store: ingest(store, batch_size=2),
    "preprocess": lambda store: preprocess(store, Recipe(normalisation="none")),
    "synth": lambda store: synth(store, [SubjectId(1)]),
}


def begin(job: str, folder: Path) -> int:
    """Do it in a child; gives its number. Its end is 0 only if the job came to its end."""
    child = os.fork()
    if child:
        return child
    try:
        JOBS[job](FolderStore(folder))
    finally:
        # Not even what an error leaves in this process may go on.
        os._exit(sys.exc_info()[0] is not None)


def end(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(job: str, root: Path, seed: int) -> None:
    moments = random.Random(seed)
    # What pyarrow and MNE import at their first use: here once, not in every child.
    for name in ("pandas", "mne.filter", "mne.epochs", "scipy.fft", "scipy.signal"):
        importlib.import_module(name)
    usual_s = 0.2
    for folder in sorted(root.iterdir()):
        began_s = time.monotonic()
        victim, other = begin(job, folder), begin(job, folder)
        time.sleep(moments.uniform(0, usual_s))
        os.kill(victim, signal.SIGKILL)
        # Where the other is done already, the moment came too late: the next ones come earlier.
        other_end, usual_s = end(other), max(0.01, time.monotonic() - began_s)
        killed = end(victim) == -signal.SIGKILL
        sys.stdout.write(f"{folder.name} {killed} {other_end} {end(begin(job, folder))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
