"""Versions of the model, their aliases and what is known of each."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from mlflow.artifacts import download_artifacts
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from p300.domain import MODEL_NAME, Provenance, SubjectId
from p300.errors import NotFound
from p300.model.answers import Answers
from p300.model.sums.stored import Sums
from p300.registry.card import CARD_FOLDER, TRAINING_SUBJECTS_FILE, ModelCard, read_card
from p300.registry.connection import Connection
from p300.registry.entities import ModelVersion, Simulation, model_version
from p300.registry.estimators import TrainedModel, save_model
from p300.registry.forgetting import forget_answers, forget_examples, forget_sums
from p300.registry.model_folder import VERSION_FILE, identity_of, move_into_place
from p300.registry.records import (
    ANSWERS_FILE,
    MODEL_RUN_TAG,
    PROVENANCE_FILE,
    SUMS_FILE,
    Means,
    RunKind,
    SimulationRun,
    experiment_name,
    read_provenances,
)
from p300.registry.runs import Run, start_run

_VERSIONS_A_PAGE = 200


class Registry:
    """The versions of one model in one MLflow, and the runs they come from. Safe to share by threads.

    Parameters
    ----------
    tracking_uri : str
        ``sqlite:///`` and a file, or an ``http(s)://`` server.

    Raises
    ------
    Unavailable
        MLflow does not answer: raised by every call.
    NotFound
        There is no such version, run or artifact: raised by every call that takes one.
    """

    def __init__(self, tracking_uri: str, *, model_name: str = MODEL_NAME) -> None:
        self._connection = Connection(tracking_uri)
        self._client = self._connection.client
        self.model_name = model_name

    @property
    def tracking_uri(self) -> str:
        """Address from which another process opens the same registry."""
        return self._connection.uri

    def versions(self) -> list[ModelVersion]:
        """All versions, newest first."""
        with self._connection.speaking():
            aliases = self._aliases()
            entities = list(self._entities())
        versions = [model_version(entity, aliases.get(int(entity.version), ())) for entity in entities]
        return sorted(versions, key=lambda version: version.version, reverse=True)

    def version_under(self, alias: str) -> ModelVersion | None:
        """The version that carries an alias; None where there is no such alias.

        Raises
        ------
        NotFound
            The alias is on a version that is not there.
        """
        with self._connection.speaking():
            try:
                entity = self._client.get_model_version_by_alias(self.model_name, alias)
            except MlflowException as error:
                if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    raise
                lost = [version for version, aliases in self._aliases().items() if alias in aliases]
                if not lost:
                    return None
                raise NotFound(
                    f"alias {alias} is on version {lost[0]} of {self.model_name}, which was deleted: "
                    "put the alias on another version, or train one"
                ) from error
        return model_version(entity, entity.aliases)

    def set_alias(self, alias: str, version: int) -> None:
        """Put an alias on a version; in one step it leaves the version that had it."""
        with self._connection.speaking():
            self._client.set_registered_model_alias(self.model_name, alias, str(version))

    def delete_alias(self, alias: str) -> None:
        """Take an alias away, if anything carries it."""
        with suppress(NotFound), self._connection.speaking():
            self._client.delete_registered_model_alias(self.model_name, alias)

    def training_subjects(self, version: ModelVersion) -> tuple[SubjectId, ...]:
        """The subjects a version has learnt from, which must not judge it."""
        with tempfile.TemporaryDirectory() as folder:
            path = self._download(version, f"{CARD_FOLDER}/{TRAINING_SUBJECTS_FILE}", Path(folder))
            return tuple(SubjectId(int(subject)) for subject in json.loads(path.read_text()))

    def card(self, version: ModelVersion) -> ModelCard:
        """The input that a version was made for."""
        with tempfile.TemporaryDirectory() as folder:
            self._download(version, CARD_FOLDER, Path(folder))
            return read_card(Path(folder))

    def learnt_from(self, subject: SubjectId) -> tuple[ModelVersion, ...]:
        """The versions that have learnt from a subject, newest first."""

        def has_learnt(version: ModelVersion) -> bool:
            try:
                return subject in self.training_subjects(version)
            except NotFound:  # MLflow has lost its files
                return False

        return tuple(filter(has_learnt, self.versions()))

    def forget(self, subject: SubjectId) -> tuple[int, int]:
        """Take a subject's samples and answers out of every run and version; it can be repeated.

        Returns
        -------
        n_answers, n_sums : int
            How many simulations held answers on the subject, and training runs sums that it is in.
        """
        locations = [self._location(version) for version in self.learnt_from(subject)]
        forget_examples(self._connection, locations)
        return forget_answers(self._connection, subject), forget_sums(self._connection, subject)

    def metrics(self, version: ModelVersion) -> dict[str, float]:
        """What the run of a version measured."""
        with self._connection.speaking():
            return dict(self._client.get_run(version.run_id).data.metrics)

    def validation(self, version: ModelVersion) -> Means:
        """How its candidate did on subjects left out."""
        return Means.of_validation(self.metrics(version))

    def artifact(self, run_id: str, name: str) -> bytes:
        """An artifact of a run."""
        with tempfile.TemporaryDirectory() as folder, self._connection.speaking():
            return Path(self._client.download_artifacts(run_id, name, folder)).read_bytes()

    def simulations(self, version: ModelVersion) -> list[Simulation]:
        """The finished simulations of a version, newest first."""
        with self._connection.speaking():
            found = self._client.search_runs(
                [self._connection.experiment(experiment_name("simulation"))],
                filter_string=f"tags.{MODEL_RUN_TAG} = '{version.run_id}' and attributes.status = 'FINISHED'",
                order_by=["attributes.start_time DESC"],
            )
        return [
            Simulation(run.info.run_id, SimulationRun.of(run.data.tags), Means.of_simulation(run.data.metrics))
            for run in found
        ]

    def answers(self, simulation: Simulation) -> Answers:
        """All that a version answered in a simulation."""
        return Answers.from_json(self.artifact(simulation.run_id, ANSWERS_FILE))

    def sums(self, version: ModelVersion) -> Sums:
        """What an incremental fit starts from."""
        return Sums.from_bytes(self.artifact(version.run_id, SUMS_FILE))

    def provenances(self, version: ModelVersion) -> dict[SubjectId, Provenance]:
        """Where the feature tables came from that a version learnt from."""
        return read_provenances(self.artifact(version.run_id, PROVENANCE_FILE))

    def download(self, version: ModelVersion, folder: Path) -> Path:
        """Bring a version's model folder here: whole, or not at all.

        A folder that holds this very version already is left as it is; another one is replaced.
        """
        identity = {"name": self.model_name, "version": version.version, "run_id": version.run_id}
        if identity_of(folder) == identity:
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unfinished-") as unfinished:
            whole = self._download(version, "", Path(unfinished))
            (whole / VERSION_FILE).write_text(json.dumps(identity))
            move_into_place(whole, folder, identity)
        return folder

    def start_run(
        self, name: str, *, kind: RunKind, tags: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Run]:
        """Start a run, in the experiment of its kind; an error inside ends it as FAILED."""
        return start_run(self._connection, name, kind, tags or {})

    def register(self, run: Run, model: TrainedModel) -> ModelVersion:
        """Register a version. It appears last and whole: a kill before leaves none, under no alias."""
        with self._connection.speaking():
            self._make_registered_model()
            logged = self._client.create_logged_model(
                run.experiment_id,
                name=self.model_name,
                source_run_id=run.run_id,
                tags=model.origin.tags(),
                model_type="classifier",
            )
            self._upload(run, model, logged)
            run.log_metrics(model.metrics, model_id=logged.model_id)
            self._client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
            entity = self._client.create_model_version(
                self.model_name,
                source=logged.artifact_location,
                run_id=run.run_id,
                tags=model.origin.tags(),
                model_id=logged.model_id,
                await_creation_for=0,
            )
        return model_version(entity, ())

    def _upload(self, run: Run, model: TrainedModel, logged: Any) -> None:
        description = Model(
            artifact_path=logged.artifact_location,
            run_id=run.run_id,
            model_uuid=logged.model_id,
            model_id=logged.model_id,
        )
        with tempfile.TemporaryDirectory() as folder:
            save_model(model, Path(folder) / "model", description)
            self._client.log_model_artifacts(logged.model_id, str(Path(folder) / "model"))
        self._client.log_outputs(run.run_id, models=[LoggedModelOutput(logged.model_id, step=0)])

    def _make_registered_model(self) -> None:
        try:
            self._client.create_registered_model(self.model_name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _entities(self) -> Iterator[Any]:
        query = f"name = '{self.model_name}'"
        page = self._client.search_model_versions(query, max_results=_VERSIONS_A_PAGE)
        yield from page
        while page.token:
            page = self._client.search_model_versions(query, max_results=_VERSIONS_A_PAGE, page_token=page.token)
            yield from page

    def _aliases(self) -> dict[int, tuple[str, ...]]:
        # Versions that are searched for come without their aliases.
        try:
            registered = self._client.get_registered_model(self.model_name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return {}
        aliases: dict[int, tuple[str, ...]] = {}
        for alias, version in sorted(registered.aliases.items()):
            aliases[int(version)] = (*aliases.get(int(version), ()), alias)
        return aliases

    def _location(self, version: ModelVersion) -> str:
        with self._connection.speaking():
            return str(self._client.get_model_version_download_uri(self.model_name, str(version.version)))

    def _download(self, version: ModelVersion, path: str, folder: Path) -> Path:
        location = self._location(version)
        with self._connection.speaking():
            uri = f"{location}/{path}" if path else location
            return Path(
                download_artifacts(artifact_uri=uri, dst_path=str(folder), tracking_uri=self._connection.client_uri)
            )
