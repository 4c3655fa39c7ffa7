"""Run as a script: ingest every store given, each in a child killed at its own step.

``dying_ingest.py ROOT``: the folder ``ROOT/7-before`` is the store of the child that dies just
before its seventh change. Prints the folders whose child died, one a line.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pandas  # noqa: F401  (pyarrow imports it at its first table: here once, not in every child)

from p300.jobs.recordings.ingest import ingest
from p300.store.folder import FolderStore


class DyingStore(FolderStore):
    """Kills its own process just before or after the n-th change of the store."""

    def __init__(self, root: Path, stop_at: int, moment: str) -> None:
        super().__init__(root)
        self.remaining, self.moment = stop_at, moment

    def put(self, bucket: str, key: str, data: bytes | BinaryIO) -> None:
        with self._step():
            super().put(bucket, key, data)

    def put_new(self, bucket: str, key: str, data: bytes | BinaryIO) -> bool:
        with self._step():
            return super().put_new(bucket, key, data)

    def delete(self, bucket: str, key: str) -> None:
        with self._step():
            super().delete(bucket, key)

    @contextmanager
    def _step(self) -> Iterator[None]:
        self.remaining -= 1
        if self.remaining == 0 and self.moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        yield
        if self.remaining == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(root: Path) -> None:
    for folder in sorted(root.iterdir()):
        step, moment = folder.name.split("-")
        child = os.fork()
        if child == 0:
            ingest(DyingStore(folder, int(step), moment), batch_size=2)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            sys.stdout.write(f"{folder.name}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
