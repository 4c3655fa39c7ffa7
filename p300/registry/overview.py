"""What a registry holds, at a glance: read without MLflow's own client, whose import takes longer than the answer.

A database is opened for reading alone, and a server asked through its REST API:
docs/decisions/0007-status-asks-without-mlflows-client.md says why.
"""

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from p300.domain import MODEL_NAME
from p300.errors import NotFound, Unavailable
from p300.registry.database import SQLITE_PREFIX, is_embedded, meaning
from p300.registry.records import experiment_name

ANSWER_S = 2.0
_API = "api/2.0/mlflow"
_MOST_RUNS = 10_000
_OF_RUNS = "WHERE run_uuid IN (SELECT run_id FROM model_versions WHERE name = :name)"


@dataclass(frozen=True)
class VersionOverview:
    """A version, and what its run logged: nothing where MLflow has lost the run."""

    version: int
    aliases: tuple[str, ...]
    tags: Mapping[str, str] = field(hash=False)
    created: datetime
    params: Mapping[str, str] = field(hash=False)
    metrics: Mapping[str, float] = field(hash=False)


def read_overview(tracking_uri: str, *, model_name: str = MODEL_NAME) -> list[VersionOverview]:
    """All versions, newest first. Nothing is made or changed.

    Raises
    ------
    NotFound
        There is no such database file.
    Unavailable
        The server does not answer, or what is there is no MLflow.
    """
    if is_embedded(tracking_uri):
        file = Path(tracking_uri.removeprefix(SQLITE_PREFIX)).expanduser().resolve()
        found = _from_file(file, model_name)
    else:
        found = _from_server(tracking_uri.rstrip("/"), model_name)
    return sorted(found, key=lambda version: version.version, reverse=True)


def _from_file(file: Path, model_name: str) -> list[VersionOverview]:
    if not file.is_file():
        raise NotFound(f"there is no MLflow database {file}: nothing was trained there yet")
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=ANSWER_S)) as database:
            return list(_read(database, model_name))
    except sqlite3.Error as error:
        raise Unavailable(f"{file} cannot be read as MLflow's database: {meaning(error)}") from error


def _read(database: sqlite3.Connection, model_name: str) -> Iterator[VersionOverview]:
    def rows(query: str) -> Iterable[tuple[Any, ...]]:
        return database.execute(query, {"name": model_name})

    def by_key(query: str) -> Mapping[Any, dict[str, Any]]:
        found: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for owner, key, value in rows(query):
            found[owner][key] = value
        return found

    aliases = by_key("SELECT version, alias, 1 FROM registered_model_aliases WHERE name = :name ORDER BY alias")
    tags = by_key("SELECT version, key, value FROM model_version_tags WHERE name = :name")
    params = by_key(
        "SELECT run_uuid, key, value FROM params JOIN model_versions ON run_uuid = run_id WHERE name = :name"
    )
    metrics = by_key(
        "SELECT run_uuid, key, value FROM latest_metrics JOIN model_versions ON run_uuid = run_id "
        "WHERE name = :name AND NOT is_nan"
    )
    # A version that was deleted leaves its row behind.
    versions = rows(
        "SELECT version, run_id, creation_time FROM model_versions WHERE name = :name "
        "AND current_stage <> 'Deleted_Internal'"
    )
    for version, run_id, created_ms in versions:
        yield VersionOverview(
            version, tuple(aliases[version]), tags[version], _time(created_ms), params[run_id], metrics[run_id]
        )


def _from_server(address: str, model_name: str) -> list[VersionOverview]:
    try:
        with httpx.Client(base_url=f"{address}/{_API}/", timeout=ANSWER_S, **_credentials()) as client:
            return list(_ask(client, model_name))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(
            f"MLflow at {address} does not answer ({error}): start it, or set MLFLOW_TRACKING_URI"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unavailable(f"what answers at {address} is no MLflow server: set MLFLOW_TRACKING_URI") from error


def _credentials() -> dict[str, Any]:
    """What MLflow's own client would read of the environment."""
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if token:
        return {"headers": {"authorization": f"Bearer {token}"}}
    user = os.environ.get("MLFLOW_TRACKING_USERNAME")
    return {"auth": (user, os.environ.get("MLFLOW_TRACKING_PASSWORD", ""))} if user else {}


def _ask(client: httpx.Client, model_name: str) -> Iterator[VersionOverview]:
    registered = client.get("registered-models/get", params={"name": model_name})
    if registered.status_code == httpx.codes.NOT_FOUND and "error_code" in registered.json():
        return
    aliases = defaultdict(list)
    for entry in registered.raise_for_status().json()["registered_model"].get("aliases", ()):
        aliases[int(entry["version"])].append(entry["alias"])
    versions = list(_versions(client, model_name))
    runs = _runs(client, [version["run_id"] for version in versions])
    for version in versions:
        number = int(version["version"])
        logged = runs.get(version["run_id"], {})
        yield VersionOverview(
            number,
            tuple(sorted(aliases[number])),
            _by_key(version.get("tags", ())),
            _time(version["creation_timestamp"]),
            _by_key(logged.get("params", ())),
            {
                name: value
                for name, value in _by_key(logged.get("metrics", ())).items()
                if isinstance(value, float | int)
            },
        )


def _versions(client: httpx.Client, model_name: str) -> Iterator[dict[str, Any]]:
    query = {"filter": f"name = '{model_name}'"}
    while True:
        page = client.get("model-versions/search", params=query).raise_for_status().json()
        yield from page.get("model_versions", ())
        if not page.get("next_page_token"):
            return
        query["page_token"] = page["next_page_token"]


def _runs(client: httpx.Client, run_ids: list[str]) -> dict[str, dict[str, Any]]:
    experiment = client.get("experiments/get-by-name", params={"experiment_name": experiment_name("training")})
    if not experiment.is_success or not run_ids:
        return {}
    listed = ", ".join(f"'{run_id}'" for run_id in run_ids)
    query = {
        "experiment_ids": [experiment.json()["experiment"]["experiment_id"]],
        "filter": f"attributes.run_id IN ({listed})",
        "max_results": _MOST_RUNS,
    }
    found = client.post("runs/search", json=query).raise_for_status().json()
    return {run["info"]["run_id"]: run["data"] for run in found.get("runs", ())}


def _by_key(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {entry["key"]: entry["value"] for entry in entries}


def _time(timestamp_ms: float | str) -> datetime:
    return datetime.fromtimestamp(int(timestamp_ms) / 1000, tz=UTC)
