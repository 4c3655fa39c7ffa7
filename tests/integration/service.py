"""The service as it is deployed: a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

SCRIPT = Path(__file__).parents[2] / "model-serving" / "main.py"
PATIENCE_S = 60.0


@contextmanager
def service_process(
    tracking_uri: str, cache_dir: Path, log: Path, **environment: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The process and its port, once it accepts connections."""
    environment |= {"MLFLOW_TRACKING_URI": tracking_uri, "P300_CACHE_DIR": str(cache_dir), "P300_PORT": "0"}
    with log.open("wb") as stderr:
        process = subprocess.Popen([sys.executable, str(SCRIPT)], env={**os.environ, **environment}, stderr=stderr)
    try:
        deadline_s = monotonic() + PATIENCE_S
        while not (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text())):
            assert monotonic() < deadline_s, log.read_text()
            assert process.poll() is None, log.read_text()
            sleep(0.05)
        yield process, int(found[1])
    finally:
        process.kill()
        process.wait()
