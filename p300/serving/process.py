"""The service as a child process: for whoever needs it only as long as a block of code lasts.

Run as a module it is that child. It stops when its standard input ends, and so when its parent dies,
however the parent dies.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from p300.errors import Unavailable
from p300.settings import LogSettings, RegistrySettings, ServingSettings, read_settings, variable_of

STOP_S = 20.0


@contextmanager
def served(registry: RegistrySettings, serving: ServingSettings, log: Path) -> Iterator[str]:
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
    chosen = {**registry.model_dump(mode="json"), **serving.model_dump(mode="json"), "port": 0}
    environment = {variable_of(name): _text(value) for name, value in chosen.items()}
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as stderr,
        subprocess.Popen(  # noqa: S603  (this very program)
            [sys.executable, "-m", __name__],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
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
    if not announced:
        raise Unavailable(f"the service ended before it accepted connections: see {log}")
    return announced.strip()


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def main() -> None:
    """Be the child."""
    # Here and not above: the parent needs none of it.
    from p300.registry import Registry  # noqa: PLC0415
    from p300.serving.server import serve  # noqa: PLC0415

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("p300").setLevel(read_settings(LogSettings).log_level)
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    registry = Registry(read_settings(RegistrySettings).mlflow_tracking_uri)
    serve(registry, read_settings(ServingSettings), announce=_announce)


def _stop_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _announce(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
