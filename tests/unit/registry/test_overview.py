"""What is said where there is no registry to look at; nothing is made by looking."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from p300.errors import NotFound, Unavailable
from p300.registry.overview import read_overview
from tests.ports import free_port

# What `p300 status` imports and runs; says whether that brought MLflow along.
LOOK_AROUND = """
import sys
from p300.jobs.platform.status import status
from p300.store.objects import open_store
found = status(open_store("store"), "sqlite:///made/mlflow.db", "http://127.0.0.1:9")
print(*found.problems, sep="\\n")
sys.exit("mlflow" in sys.modules)
"""


@pytest.fixture
def web_server() -> Iterator[str]:
    """Something that speaks HTTP, and is no MLflow."""
    with HTTPServer(("127.0.0.1", free_port()), SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_looking_around_makes_nothing_and_needs_no_mlflow(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK_AROUND], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"there is no MLflow database {tmp_path}/made/mlflow.db: nothing was trained there yet" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_missing_database_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nothing was trained there yet"):
        read_overview(f"sqlite:///{tmp_path}/mlflow.db")


def test_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"something else" * 100)
    with pytest.raises(Unavailable, match=r"mlflow\.db cannot be read as MLflow's database"):
        read_overview(f"sqlite:///{tmp_path}/mlflow.db")


def test_server_that_is_away_is_said() -> None:
    with pytest.raises(Unavailable, match="MLflow at http://127.0.0.1:9 does not answer .*set MLFLOW_TRACKING_URI"):
        read_overview("http://127.0.0.1:9")


def test_server_that_is_no_mlflow_is_said(web_server: str) -> None:
    with pytest.raises(Unavailable, match=f"what answers at {web_server} is no MLflow server"):
        read_overview(web_server)
