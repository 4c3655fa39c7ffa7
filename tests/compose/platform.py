"""What the running platform says of itself, asked as its users would."""

import json
from collections.abc import Iterable
from typing import Any

import httpx

from p300.domain import SubjectId
from p300.registry import ModelVersion, Registry
from p300.stack.environment import load_environment
from p300.stack.reach import root_store
from p300.store.layout import FEATURES, features_key
from p300.store.objects import ObjectStore
from tests.compose.shell import sh

ENVIRONMENT = load_environment("dev")
BASE_URL = ENVIRONMENT.url("NGINX_PORT").removesuffix(":80")
MLFLOW_URL = ENVIRONMENT.url("MLFLOW_PORT")
DAG = "p300_full_ingest_and_process_pipeline"


def registry() -> Registry:
    return Registry(MLFLOW_URL)


def version_under(alias: str) -> ModelVersion:
    version = registry().version_under(alias)
    assert version is not None, f"no version has the alias {alias}"
    return version


def store() -> ObjectStore:
    return root_store(ENVIRONMENT)


def forget_features(subjects: Iterable[SubjectId]) -> None:
    """Take subjects' feature tables away, so that there is something to preprocess."""
    for subject in subjects:
        store().delete(FEATURES, features_key(subject))


def served_version(alias: str) -> int | None:
    """The version that answers for an alias, as one of its replicas says."""
    models = httpx.get(f"{BASE_URL}/health-{alias}", timeout=10).json().get("models", {})
    version: int | None = models.get(alias, {}).get("version")
    return version


def containers(service: str) -> list[str]:
    """Ids of the running containers of a service of either compose file."""
    project = ENVIRONMENT.value("P300_PROJECT") + ("-airflow" if "airflow" in service else "")
    labels = {"project": project, "service": service, "oneoff": "False"}
    filters = " ".join(f"--filter label=com.docker.compose.{name}={value}" for name, value in labels.items())
    return sh(f"docker ps -q --no-trunc {filters}").split()


def upstreams(path: str) -> set[str]:
    """Replicas that answered a path, from nginx's log of the requests."""
    lines = sh("docker compose logs --no-log-prefix nginx-load-balancer").splitlines()
    logged = [json.loads(line[line.index("{") :]) for line in lines if '"upstream":' in line]
    return {entry["upstream"] for entry in logged if entry["path"] == path and entry["status"] == 200}


def dag_runs() -> dict[str, str]:
    """State of each run of the pipeline, by its id, oldest first."""
    runs = _airflow(f"dags/{DAG}/dagRuns?order_by=run_after")["dag_runs"]
    return {run["dag_run_id"]: run["state"] for run in runs}


def tasks(run_id: str) -> list[dict[str, Any]]:
    """Task instances of a run: ``task_id``, ``rendered_map_index``, ``state``, ``try_number`` and more."""
    found: list[dict[str, Any]] = _airflow(f"dags/{DAG}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]
    return found


def _airflow(path: str) -> Any:
    user = {"username": "admin", "password": ENVIRONMENT.value("AIRFLOW_ADMIN_PASSWORD")}
    with httpx.Client(base_url=ENVIRONMENT.url("AIRFLOW_PORT"), timeout=30) as client:
        token = client.post("/auth/token", json=user).raise_for_status().json()["access_token"]
        answer = client.get(f"/api/v2/{path}", headers={"authorization": f"Bearer {token}"})
        return answer.raise_for_status().json()
