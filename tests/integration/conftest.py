"""A real MLflow server, and jobs that are killed, for all tests that want them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tenacity import Retrying, stop_after_delay, wait_fixed

from p300.registry import Registry
from tests.containers import container, docker, need_docker
from tests.ports import free_port

START_S = 120.0

Kill = Callable[[str, int, str], bool]


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an MLflow server that keeps the artifacts, as on the platform."""
    folder = tmp_path_factory.mktemp("mlflow")
    # MLflow itself takes seconds to make a database.
    with _mlflow(Registry(f"sqlite:///{folder / 'server.db'}").tracking_uri, folder) as address:
        yield address


@pytest.fixture(scope="session")
def mlflow_on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an MLflow server on PostgreSQL, as on the platform."""
    need_docker()
    variables = ("--env=POSTGRES_USER=mlflow", "--env=POSTGRES_PASSWORD=of-the-tests")
    volumes = ("--volume=/var/lib/postgresql/data", "--volume=/var/run/postgresql")
    with container("postgres:17-trixie", 5432, "--user=postgres", *variables, *volumes) as (name, address):
        # Over TCP, where it answers only when its first start is over.
        until_ready = ["exec", name, "pg_isready", "--quiet", "--host=127.0.0.1", "--username=mlflow"]
        Retrying(stop=stop_after_delay(START_S), wait=wait_fixed(0.2), reraise=True)(docker, *until_ready)
        database = f"postgresql+psycopg2://mlflow:of-the-tests@{address}/mlflow"
        with _mlflow(database, tmp_path_factory.mktemp("mlflow")) as server:
            yield server


@contextmanager
def _mlflow(database: str, folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", database, "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port)]
    # The job runner would be eight more processes, for features that nobody here uses.
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _await_server(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _await_server(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(f"no MLflow server at {url}")


@pytest.fixture(scope="session")
def kill() -> Iterator[Kill]:
    """``kill(job, n, tracking_uri)``: do a job that dies before its n-th change of an alias; see `dying`.

    True if it was killed, false if it came to its end before.
    """
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("dying.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, answers = process.stdin, process.stdout

        def do_and_kill(job: str, number: int, tracking_uri: str) -> bool:
            requests.write(f"{job} {number} {tracking_uri}\n")
            requests.flush()
            return answers.readline() == "killed\n"

        yield do_and_kill
