"""The files of the environments: dev needs nothing, the others refuse to start on what is missing or public."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from p300.stack.checks import check_ports, check_secrets
from p300.stack.environment import ENVIRONMENTS, is_given_elsewhere, load_environment
from p300.store.keys.access import SERVICES
from tests.containers import need_compose

ROOT = Path(__file__).parents[2]
GUARDED = ("staging", "prod")


def test_plain_compose_reads_dev() -> None:
    assert (ROOT / ".env").resolve() == ROOT / "env/dev.env"


@pytest.mark.parametrize("name", GUARDED)
def test_variables_are_those_of_dev(name: str) -> None:
    assert list(load_environment(name).committed) == list(load_environment("dev").committed)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_ports_and_names_are_each_environments_own(name: str) -> None:
    assert list(check_ports(load_environment(name, process_environment={}))) == []


def test_dev_is_complete_and_every_secret_of_it_is_marked_as_public() -> None:
    dev = load_environment("dev", process_environment={})
    assert list(check_secrets(dev)) == []
    assert [name for name in dev.secrets if not dev.values[name].startswith("dev-")] == []
    assert [name for name, value in dev.values.items() if value.startswith("dev-")] == list(dev.secrets)


@pytest.mark.parametrize("name", GUARDED)
def test_every_secret_is_given_elsewhere(name: str) -> None:
    environment = load_environment(name, process_environment={})
    assert environment.secrets
    assert [secret for secret in environment.secrets if not is_given_elsewhere(environment.committed[secret])] == []


@pytest.mark.parametrize("name", GUARDED)
def test_compose_itself_refuses_and_names_what_is_missing(name: str) -> None:
    need_compose()
    first, *others = load_environment(name).secrets
    given = {**os.environ, **dict.fromkeys(others, "given"), first: ""}
    command = ["docker", "compose", "--env-file", f"env/{name}.env", "config", "--quiet"]
    refused = subprocess.run(command, cwd=ROOT, env=given, check=False, capture_output=True, text=True)
    assert refused.returncode != 0
    assert f"{first} is missing: put it in env/{name}.secrets.env or the environment" in refused.stderr
    accepted = subprocess.run(command, cwd=ROOT, env={**given, first: "given"}, check=False, capture_output=True)
    assert accepted.returncode == 0, accepted.stderr


def test_given_secrets_are_never_committed() -> None:
    ignored = subprocess.run(["git", "check-ignore", "env/prod.secrets.env"], cwd=ROOT, check=False)
    assert ignored.returncode == 0


def test_every_key_in_the_compose_files_is_one_that_is_made_and_gets_its_own_secret() -> None:
    """The server's users are made from `SERVICES`: it would refuse any other."""
    text = "".join((ROOT / file).read_text() for file in ("docker-compose.yaml", "airflow-compose.yaml"))
    given = re.findall(r"AWS_ACCESS_KEY_ID: (\S+)\n +AWS_SECRET_ACCESS_KEY: \$\{(\w+)\}", text)
    assert sorted(given) == sorted((service.key_id, service.secret_variable) for service in SERVICES)
