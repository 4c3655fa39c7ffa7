"""Checks of an environment by the programs that will read it: Compose, nginx and Airflow, each in its own image."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from p300.errors import P300Error, Unavailable
from p300.stack.checks import check_settings
from p300.stack.compose import AIRFLOW, MAIN, VERSITYGW, Compose
from p300.stack.docker import docker
from p300.stack.environment import Environment, load_environment
from p300.stack.public_secrets import DEV

NGINX = "nginx-load-balancer"
DAG_PROCESSOR = "airflow-dag-processor"
# Airflow's own command for this would ask its database first.
_IMPORT_DAGS = """
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag()
print(json.dumps({"dags": list(bag.dag_ids), "errors": bag.import_errors}))
"""


def try_compose(environment: Environment) -> Iterator[str]:
    """Compose reads each file, and the main one under the override for VersityGW where that is there."""
    environment = _with_public_secrets(environment)
    for files in ((MAIN,), (AIRFLOW,), (MAIN, VERSITYGW)):
        compose = Compose(environment, files)
        if not compose.is_written:
            if VERSITYGW not in files:
                yield f"{files[-1]} is not there"
            continue
        try:
            compose.check()
        except Unavailable:  # nothing is wrong with the file
            raise
        except P300Error as error:
            yield f"{files[-1]}: {error}"


def try_settings(environment: Environment) -> Iterator[str]:
    """The settings of every service of the stack, as Compose resolves them."""
    environment = _with_public_secrets(environment)
    services = Compose(environment, (MAIN,)).services() | Compose(environment, (AIRFLOW,)).services()
    variables = {name: dict(service.get("environment") or {}) for name, service in services.items()}
    yield from check_settings(variables, environment.root)


def try_nginx(environment: Environment) -> Iterator[str]:
    """Nginx tests the configuration that its image makes of the templates."""
    try:
        _run_alone(Compose(_with_public_secrets(environment), (MAIN,)), NGINX, ("nginx", "-t"))
    except Unavailable:
        raise
    except P300Error as error:
        yield f"nginx refuses its configuration: {error}"


def try_dags(environment: Environment) -> Iterator[str]:
    """Airflow imports every DAG."""
    compose = Compose(_with_public_secrets(environment), (AIRFLOW,))
    said = _run_alone(compose, DAG_PROCESSOR, ("python", "-c", _IMPORT_DAGS), entrypoint="")
    found = json.loads(said.splitlines()[-1])
    for file, traceback in found["errors"].items():
        yield f"{Path(file).name}: {traceback.strip().splitlines()[-1]}"
    if not found["dags"] and not found["errors"]:
        yield "Airflow finds no DAG"


def _with_public_secrets(environment: Environment) -> Environment:
    # Nothing is started for use here, and what runs shows its variables on the command line. A
    # missing secret is a finding of its own, which need not hide what else is wrong.
    public = load_environment(DEV, environment.root, {})
    return environment.with_secrets({name: public.values.get(name, "") for name in environment.secrets})


def _run_alone(compose: Compose, service: str, command: tuple[str, ...], entrypoint: str | None = None) -> str:
    """Run a command in a service's image, built of the checkout as it is now: confined alike, but without a network."""
    services = compose.services()
    described = services[service]
    # Services that share an image are built by one of them.
    for builder in [name for name, other in services.items() if _builds(other, described["image"])][:1]:
        compose.build(builder)
    root = compose.environment.root
    options = [*_confinement(described), *_variables(described)]
    if entrypoint is not None:
        options += ["--entrypoint", entrypoint]
    return docker(["run", "--rm", "--network", "none", *options, described["image"], *command], folder=root)


def _builds(service: Mapping[str, Any], image: str) -> bool:
    return "build" in service and service.get("image") == image


def _confinement(service: Mapping[str, Any]) -> Iterator[str]:
    if service.get("read_only"):
        yield "--read-only"
    if "user" in service:
        yield from ("--user", service["user"])
    for mount in service.get("tmpfs") or ():
        yield from ("--tmpfs", mount)


def _variables(service: Mapping[str, Any]) -> Iterator[str]:
    for name, value in (service.get("environment") or {}).items():
        yield from ("--env", f"{name}={value}")
