"""Evaluate: score a served alias over HTTP on subjects that its version has not learnt from."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from p300.domain import FeatureTable, SubjectId, subject_name
from p300.errors import Refused
from p300.jobs.judging.answers import version_under
from p300.model.answers import Answers
from p300.registry import ModelCard, ModelVersion, Registry
from p300.registry.records import ANSWERS_FILE, SimulationRun, simulation_metrics, simulation_summary
from p300.simulator.client import Endpoint, VersionId
from p300.simulator.replay import replay
from p300.simulator.wandb_log import WandbProject, record
from p300.store.features import FeatureTables
from p300.store.objects import ObjectStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Simulation:
    """Which served alias is asked, about whom.

    Without subjects it is every processed subject that the alias's version was not trained on.
    """

    endpoint: Endpoint
    subjects: Sequence[int] = ()
    allow_training_subjects: bool = False


@dataclass(frozen=True)
class Evaluation:
    """How a version did on each subject and on all together.

    Attributes
    ----------
    version : ModelVersion
        The one that gave every answer.
    answers : Answers
        All that it answered, with their scores.
    trained_on : tuple of SubjectId
        Those among the subjects that the version has learnt from: their scores flatter it.
    replay_s : float
        How long the answers took.
    run_id, wandb_place : str
        Where all this is recorded: the MLflow run; the Weights & Biases run's address, or folder
        when offline, or nothing when disabled.
    """

    alias: str
    version: ModelVersion
    answers: Answers
    trained_on: tuple[SubjectId, ...]
    replay_s: float
    run_id: str = ""
    wandb_place: str = ""


def with_subjects(simulation: Simulation, store: ObjectStore, registry: Registry) -> Simulation:
    """The same simulation, with everybody named whom it asks about; raises as :func:`evaluate`."""
    version = version_under(registry, simulation.endpoint.alias)
    trained_on = registry.card(version).training_subjects
    return replace(simulation, subjects=tuple(_tables(simulation, store, version, trained_on)))


def evaluate(
    simulation: Simulation,
    store: ObjectStore,
    registry: Registry,
    wandb_project: WandbProject,
    *,
    on_batch: Callable[[int], None] = lambda _n_epochs: None,
    on_subject: Callable[[SubjectId], None] = lambda _subject: None,
) -> Evaluation:
    """Replay subjects through a served alias, score its answers and record them in MLflow and Weights & Biases.

    Nothing is recorded unless every answer came from the version that MLflow had under the alias.

    Parameters
    ----------
    on_batch, on_subject : callable
        Told how many epochs were answered, after each request, and each subject once all of its
        epochs are on their way.

    Raises
    ------
    NotFound
        No version has the alias, or a subject was not preprocessed.
    Refused
        The version was trained on a subject, no other subject is left, its features are of another
        recipe, or the alias moved in between.
    InvalidInput
        A subject's epochs cannot be scored, or not be predicted.
    Unavailable
        MLflow or the served alias does not answer.
    """
    alias = simulation.endpoint.alias
    version = version_under(registry, alias)
    card = registry.card(version)
    tables = _MatchingTables(_tables(simulation, store, version, card.training_subjects), version, card)
    started_s = time.perf_counter()
    must_answer = VersionId(version.version, version.run_id)
    replayed = replay(simulation.endpoint, tables, must_answer, on_batch=on_batch, on_subject=on_subject)
    answers = replayed.scored()
    replay_s = time.perf_counter() - started_s
    _warn_if_moved(registry, alias, version)
    seen = tuple(subject for subject in answers if subject in card.training_subjects)
    return _record(Evaluation(alias, version, answers, seen, replay_s), simulation, registry, wandb_project)


class _MatchingTables(Mapping[SubjectId, FeatureTable]):
    """Feature tables that a version can answer; each is checked when it is read.

    Raises
    ------
    Refused
        A table was made by another recipe, or of other channels, or in another order, than the
        version's features.
    """

    def __init__(self, tables: FeatureTables, version: ModelVersion, card: ModelCard) -> None:
        self._tables = tables
        self._version = version
        self._card = card

    def __getitem__(self, subject: SubjectId) -> FeatureTable:
        table = self._tables[subject]
        expected, theirs = self._version.origin.recipe_hash, table.provenance
        if expected and theirs.recipe_hash != expected:
            raise Refused(
                f"the features of {subject_name(subject)} were made by another recipe than version "
                f"{self._version.version} was trained with: preprocess them with that recipe, or train a new version"
            )
        if tuple(theirs.channel_names) != self._card.channel_names:
            raise Refused(
                f"the features of {subject_name(subject)} are of the channels {', '.join(theirs.channel_names)}, but "
                f"version {self._version.version} was trained on {', '.join(self._card.channel_names)}, in this order: "
                "ingest the recording with these channels, or train a new version"
            )
        return table

    def __iter__(self) -> Iterator[SubjectId]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def _tables(
    simulation: Simulation, store: ObjectStore, version: ModelVersion, trained_on: Sequence[SubjectId]
) -> FeatureTables:
    named = f"{simulation.endpoint.alias} (version {version.version})"
    if not simulation.subjects:
        unseen = [subject for subject in FeatureTables(store) if subject not in trained_on]
        if not unseen:
            raise Refused(f"there is no processed subject that {named} was not trained on: ingest and preprocess more")
        return FeatureTables(store, unseen)
    seen = sorted(set(simulation.subjects) & set(trained_on))
    if seen and not simulation.allow_training_subjects:
        raise Refused(
            f"{named} was trained on {', '.join(map(subject_name, seen))}: scores on them would flatter it; "
            "leave them out, or pass --allow_training_subjects"
        )
    return FeatureTables(store, simulation.subjects)


def _warn_if_moved(registry: Registry, alias: str, version: ModelVersion) -> None:
    now = registry.version_under(alias)
    if now is None or (now.version, now.run_id) != (version.version, version.run_id):
        where = "was taken away" if now is None else f"moved to version {now.version}"
        logger.warning(
            "%s %s in the meantime; every answer came from version %d, so these scores are that version's",
            alias,
            where,
            version.version,
        )


def _record(
    evaluation: Evaluation, simulation: Simulation, registry: Registry, wandb_project: WandbProject
) -> Evaluation:
    name = f"{evaluation.alias}-v{evaluation.version.version}"
    answers = evaluation.answers
    about = SimulationRun(
        alias=evaluation.alias,
        version=evaluation.version.version,
        model_run_id=evaluation.version.run_id,
        base_url=simulation.endpoint.base_url,
        subjects=tuple(answers),
        trained_on=evaluation.trained_on,
    )
    with registry.start_run(name, kind="simulation", tags=about.tags()) as run:
        run.log_metrics(simulation_metrics(answers, evaluation.replay_s))
        run.log_json(ANSWERS_FILE, answers.to_json())
        wandb_place = record(
            wandb_project,
            name,
            config=about.facts(),
            subjects={subject: scores.as_metrics() for subject, scores in answers.scores.items()},
            together=simulation_summary(answers, evaluation.replay_s),
        )
    return replace(evaluation, run_id=run.run_id, wandb_place=wandb_place)
