"""The service as a child process: for whoever needs it only as long as a block of code lasts."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from p300.errors import Unavailable
from p300.settings import Settings, variable_of

STOP_S = 20.0


@contextmanager
def served(settings: Settings, log: Path) -> Iterator[str]:
    """Serve in a process of its own on a free port; gives the address.

    Parameters
    ----------
    log : Path
        Where the service's log goes.

    Raises
    ------
    Unavailable
        It ended before it accepted connections; its log says why.
    """
    chosen = settings.model_copy(update={"port": 0}).model_dump(mode="json")
    environment = {variable_of(name): _text(value) for name, value in chosen.items()}
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "p300", "serve"],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            yield _address(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    announced = process.stdout.readline() if process.stdout else ""
    words = announced.split()
    if not words:
        raise Unavailable(f"the service ended before it accepted connections: see {log}")
    return words[-1]


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
