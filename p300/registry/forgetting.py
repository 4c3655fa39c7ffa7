"""What MLflow holds of one person, taken out of it: answers, sums to learn on from, and example epochs."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.entities import ViewType
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from p300.domain import Float64s, SubjectId
from p300.errors import NotFound
from p300.model.answers import Answers
from p300.registry.connection import Connection
from p300.registry.entities import ModelVersion
from p300.registry.model_folder import VERSION_FILE, identity_of
from p300.registry.records import (
    ANSWERS_FILE,
    SUMS_FILE,
    RunKind,
    SimulationRun,
    experiment_name,
    training_subjects_of,
)

EXAMPLE_FILES = ("input_example.json", "serving_input_example.json")

_RUNS_A_PAGE = 500


def forget_answers(connection: Connection, subject: SubjectId) -> int:
    """Take a subject out of what versions answered in simulations; gives how many held it."""
    count = 0
    for run in _runs(connection, "simulation"):
        if subject not in SimulationRun.of(run.data.tags).subjects:
            continue
        with suppress(NotFound):  # one that failed has none
            answers = Answers.from_json(_read_of_run(connection, run.info.run_id, ANSWERS_FILE))
            if subject in answers:
                others = answers.of(other for other in answers if other != subject)
                _write(connection, run.info.artifact_uri, ANSWERS_FILE, json.dumps(others.to_json()).encode())
                count += 1
    return count


def forget_sums(connection: Connection, subject: SubjectId) -> int:
    """Remove the sums that a subject is in, so that no incremental fit starts from them; gives how many there were."""
    count = 0
    for run in _runs(connection, "training"):
        if subject in (training_subjects_of(run.data.params) or ()):
            with suppress(NotFound):
                _read_of_run(connection, run.info.run_id, SUMS_FILE)
                with connection.speaking():
                    _repository(connection, run.info.artifact_uri).delete_artifacts(SUMS_FILE)
                count += 1
    return count


def forget_examples(connection: Connection, locations: Sequence[str]) -> None:
    """Put noise where model folders have example epochs, which may be the subject's."""
    for location in locations:
        for name in EXAMPLE_FILES:
            with suppress(NotFound):
                _write(connection, location, name, without_epochs(_read(connection, location, name)))


def forget_cached_examples(cache: Path, versions: Sequence[ModelVersion]) -> None:
    """The same in the folders of these versions that a service keeps on this disk."""
    run_ids = {version.run_id for version in versions}
    for mark in cache.rglob(VERSION_FILE):
        if (identity_of(mark.parent) or {}).get("run_id") not in run_ids:
            continue
        for file in filter(Path.is_file, (mark.parent / name for name in EXAMPLE_FILES)):
            draft = file.with_name(f".{file.name}")
            draft.write_bytes(without_epochs(file.read_bytes()))
            draft.replace(file)


def without_epochs(example: bytes) -> bytes:
    """An example of the same shape and spread, of nobody: noise that is always the same."""
    content = json.loads(example)
    epochs = np.asarray(content["inputs"] if isinstance(content, dict) else content, dtype=np.float64)
    noise = _noise(epochs).astype(np.float32).tolist()
    return json.dumps({**content, "inputs": noise} if isinstance(content, dict) else noise).encode()


def _noise(epochs: Float64s) -> Float64s:
    spread = float(epochs.std()) or 1.0
    return np.asarray(np.random.default_rng(0).standard_normal(epochs.shape) * spread)


def _runs(connection: Connection, kind: RunKind) -> Iterator[Any]:
    """All runs of a kind, also those that failed or were deleted."""
    with connection.speaking():
        experiment = connection.client.get_experiment_by_name(experiment_name(kind))
    token = None
    while experiment is not None:
        with connection.speaking():
            page = connection.client.search_runs(
                [experiment.experiment_id],
                run_view_type=ViewType.ALL,
                max_results=_RUNS_A_PAGE,
                page_token=token,
            )
        yield from page
        token = page.token
        if not token:
            return


def _repository(connection: Connection, location: str) -> Any:
    return get_artifact_repository(location, tracking_uri=connection.client_uri)


def _read(connection: Connection, location: str, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder, connection.speaking():
        return Path(_repository(connection, location).download_artifacts(name, folder)).read_bytes()


def _read_of_run(connection: Connection, run_id: str, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder, connection.speaking():
        return Path(connection.client.download_artifacts(run_id, name, folder)).read_bytes()


def _write(connection: Connection, location: str, name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, connection.speaking():
        file = Path(folder) / name
        file.write_bytes(data)
        _repository(connection, location).log_artifact(str(file))
