"""The four machines that people have: each is told in words what it lacks, and passes the tests that it can make."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.containers import docker_answers
from tests.machines import NOWHERE, Machine, play

ROOT = Path(__file__).parents[2]
P300 = Path(sys.executable).with_name("p300")

# Compose as `p300 validate` meets it, where its files are sound. What needs an engine asks for one.
SERVICES = {
    "nginx-load-balancer": {"image": "nginx", "build": {}, "environment": {"P300_ENV": "dev"}},
    "airflow-dag-processor": {"image": "airflow", "build": {}},
}
CLIENT = f"""\
case "$*" in
    "compose version"*) echo "Docker Compose version v2.26.1" ; exit ;;
    compose*"config --quiet") exit ;;
    compose*"config --format json") echo '{json.dumps({"services": SERVICES})}' ; exit ;;
esac
if [ "$DOCKER_HOST" = {NOWHERE} ]; then
    echo "Cannot connect to the Docker daemon at $DOCKER_HOST. Is the docker daemon running?" >&2
    exit 1
fi
case "$*" in *airflow*) echo '{{"dags": ["pipeline"], "errors": {{}}}}' ;; esac
"""
NO_COMPOSE = "could not be checked: this Docker has no Compose v2 plugin: install it"
NO_ENGINE = "could not be checked: no Docker engine answers (Cannot connect to the Docker daemon"
NO_DOCKER = "could not be checked: there is no docker command on this machine: install Docker"
BY_DOCKER = ("compose", "settings", "nginx", "dags")

FOUND: Mapping[Machine, Mapping[str, str]] = {
    Machine.WITHOUT_DOCKER: dict.fromkeys(BY_DOCKER, NO_DOCKER),
    Machine.WITHOUT_COMPOSE: dict.fromkeys(BY_DOCKER, NO_COMPOSE),
    Machine.WITHOUT_ENGINE: dict.fromkeys(("nginx", "dags"), NO_ENGINE),
    Machine.COMPLETE: {},
}
# The tests that ask Docker on their own account, of those that every machine passes.
BY_COMPOSE = ("tests/project/test_environments.py", "tests/unit/stack/test_trials.py")


@pytest.mark.parametrize("machine", Machine)
def test_validate_says_what_the_machine_lacks(machine: Machine, tmp_path: Path) -> None:
    variables = {**play(machine, tmp_path, CLIENT), "COLUMNS": "1000"}
    done = subprocess.run(
        [P300, "validate", "--env", "dev"], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if FOUND[machine] else 0), done.stderr
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    cells = {check: found for check, found in rows if check}
    if not FOUND[machine]:
        assert set(cells.values()) == {"nothing wrong"}
        return
    assert list(cells) == list(FOUND[machine])
    assert all(found.startswith(FOUND[machine][check]) for check, found in cells.items())


@pytest.mark.parametrize("machine", Machine)
def test_the_machine_passes_what_it_can_test_and_says_the_rest_in_one_line(machine: Machine, tmp_path: Path) -> None:
    variables = play(machine, tmp_path)
    lacks_compose = machine in {Machine.WITHOUT_DOCKER, Machine.WITHOUT_COMPOSE} or not docker_answers(
        "compose", "version"
    )
    command = [sys.executable, "-m", "pytest", *BY_COMPOSE]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    last = done.stdout.splitlines()[-1]
    assert (last == "not tested here: 4 tests (there is no Docker with Compose v2)") == lacks_compose
