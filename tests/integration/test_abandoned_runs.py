"""A run whose process was killed is closed by the next one that begins."""

import subprocess
import sys
from pathlib import Path

import pytest

from p300.registry import Registry

BEGIN = """
import sys
from p300.registry import Registry
with Registry(sys.argv[1]).start_run("killed", kind=sys.argv[2]) as run:
    print(run.run_id, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["training", "simulation"])
def test_a_killed_run_is_closed_by_the_next(tmp_path: Path, kind: str) -> None:
    registry = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    command = [sys.executable, "-W", "ignore", "-c", BEGIN, registry.tracking_uri, kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().strip()
        with registry.start_run("meanwhile", kind="training") as alive:
            pass
        assert _status(registry, run_id) == "RUNNING", "who is at work is left alone"
        process.kill()
    with registry.start_run("next", kind="training") as following:
        assert _status(registry, run_id) == "KILLED"
        assert _status(registry, following.run_id) == "RUNNING"
    assert [_status(registry, run.run_id) for run in (alive, following)] == ["FINISHED", "FINISHED"]
    assert registry._client.get_run(run_id).data.tags["failure"] == "its process ended without a word"


@pytest.mark.parametrize(("hours", "status"), [(23, "RUNNING"), (25, "KILLED")])
def test_a_run_of_nobody_knows_whom_is_given_a_day(tmp_path: Path, hours: int, status: str) -> None:
    registry = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    with registry.start_run("first", kind="training") as run:
        client, experiment = registry._client, run.experiment_id
    started = client.get_run(run.run_id).info.start_time - hours * 3_600_000
    elsewhere = client.create_run(experiment, start_time=started, tags={"process": "elsewhere boot pid:[1] 1 1"})
    early = client.create_run(experiment, start_time=started)
    with registry.start_run("next", kind="training"):
        pass
    assert {_status(registry, each.info.run_id) for each in (elsewhere, early)} == {status}


def _status(registry: Registry, run_id: str) -> str:
    return str(registry._client.get_run(run_id).info.status)
