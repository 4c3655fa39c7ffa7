"""The service as a child process ends with its parent, even one that is killed."""

import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import httpx

PATIENCE_S = 30.0

# Serves, says where, and waits to be killed.
PARENT = """
import sys, time
from pathlib import Path
from p300.serving.process import served
from p300.settings import RegistrySettings, ServingSettings

folder = Path(sys.argv[1])
registry = RegistrySettings(mlflow_tracking_uri=f"sqlite:///{folder}/mlflow.db")
with served(registry, ServingSettings(cache_dir=folder / "cache"), folder / "serve.log") as address:
    print(address, flush=True)
    time.sleep(600)
"""


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        url = f"{parent.stdout.readline().strip()}/health/live"
        deadline_s = monotonic() + PATIENCE_S
        while not _answers(url) and monotonic() < deadline_s:
            sleep(0.05)
        assert _answers(url)
        parent.kill()
    while _answers(url) and monotonic() < deadline_s + PATIENCE_S:
        sleep(0.05)
    assert not _answers(url)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False
