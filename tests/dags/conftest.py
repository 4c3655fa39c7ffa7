"""The DAGs are tested in Airflow's own environment: `make test-dags`. In any other, one test here says so."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p300.domain import Recording
from p300.store.layout import recording_key
from p300.store.recordings import encode_recording

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

IN_AIRFLOW = importlib.util.find_spec("p300_airflow") is not None
DAGS = Path(__file__).parents[2] / "dags"

collect_ignore_glob = [] if IN_AIRFLOW else ["test_graph.py", "test_run.py", "test_runners.py"]


def pytest_configure(config: pytest.Config) -> None:
    if not IN_AIRFLOW:
        return
    # A library of Airflow's imports the test client of Starlette, which would rather have another library.
    config.addinivalue_line("filterwarnings", "ignore:Using `httpx` with `starlette.testclient`:UserWarning")
    # Airflow reads its settings on import: a home of its own, for this session.
    home = tempfile.TemporaryDirectory(prefix="p300-airflow-")
    config.add_cleanup(home.cleanup)
    os.environ |= {
        "AIRFLOW_HOME": home.name,
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }


@pytest.fixture
def read_dags() -> "Callable[[], DagBag]":
    """Reads the DAGs under the settings that hold by then."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415  (its settings are read on import)

    return lambda: DagBag(DAGS, collect_dags=True)


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's tables, in the session's home."""
    airflow = Path(sys.executable).with_name("airflow")
    subprocess.run([airflow, "db", "migrate"], check=True, capture_output=True)


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jobs run as processes on a store below this folder."""
    monkeypatch.setenv("P300_JOB_RUNNER", "process")
    monkeypatch.setenv("P300_STORE_URL", str(tmp_path / "store"))
    return tmp_path


@pytest.fixture
def source(tmp_path: Path, evoked_recording: Callable[[int], Recording]) -> Path:
    """A folder of the recordings of ten subjects."""
    for subject in range(1, 11):
        path = tmp_path / "source" / recording_key(subject)
        path.parent.mkdir(parents=True)
        path.write_bytes(encode_recording(evoked_recording(subject)))
    return tmp_path / "source"
