"""Evaluate: score a served alias over HTTP on subjects that its version has not learnt from."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from p300.domain import Float32s, SubjectId, subject_name
from p300.errors import InvalidInput, NotFound, Refused
from p300.jobs.judging.answers import ANSWERS_FILE, Answers
from p300.model.scores import Scores, mean_metrics, score
from p300.registry import ModelVersion, Registry
from p300.simulator.client import Endpoint
from p300.simulator.replay import Replay, replay
from p300.simulator.wandb_log import WandbProject, record
from p300.store.features import FeatureTables
from p300.store.objects import ObjectStore

RECIPE_TAG = "recipe_hash"

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
    probabilities, targets : mapping of int to ndarray, shape (n_epochs,)
        By subject: the answers, and where a Target was flashed.
    pooled : Scores
        Of all epochs, as if they were one subject's.
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
    probabilities: Mapping[SubjectId, Float32s]
    targets: Mapping[SubjectId, NDArray[np.bool_]]
    scores: Mapping[SubjectId, Scores]
    pooled: Scores
    trained_on: tuple[SubjectId, ...]
    replay_s: float
    run_id: str = ""
    wandb_place: str = ""

    @property
    def mean_auc(self) -> float:
        return self.mean_metrics()["mean_auc"]

    def mean_metrics(self) -> dict[str, float]:
        """Means over subjects: each counts the same, however many epochs it has."""
        return mean_metrics(self.scores.values())

    def metrics(self) -> dict[str, float]:
        """All numbers over all subjects: ``mean_...`` over subjects, ``pooled_...`` over their epochs."""
        pooled = {f"pooled_{name}": value for name, value in self.pooled.as_metrics().items()}
        return self.mean_metrics() | pooled | {"replay_s": self.replay_s}


def evaluate(
    simulation: Simulation,
    store: ObjectStore,
    registry: Registry,
    wandb_project: WandbProject,
    *,
    on_batch: Callable[[int], None] = lambda _n_epochs: None,
) -> Evaluation:
    """Replay subjects through a served alias, score its answers and record them in MLflow and Weights & Biases.

    Nothing is recorded unless every answer came from the version that MLflow had under the alias.

    Parameters
    ----------
    on_batch : callable
        Told how many epochs were answered, after each request.

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
    version = registry.version_under(alias)
    if version is None:
        raise NotFound(f"no version has the alias {alias}: train one and give it that alias first")
    trained_on = registry.training_subjects(version)
    tables = _tables(simulation, store, version, trained_on)
    started_s = time.perf_counter()
    replays = replay(simulation.endpoint, tables, version.version, on_batch=on_batch)
    replay_s = time.perf_counter() - started_s
    _require_recipe(version, replays)
    _warn_if_moved(registry, alias, version)
    evaluation = _score(alias, version, replays, trained_on, replay_s)
    return _record(evaluation, simulation, registry, wandb_project)


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


def _require_recipe(version: ModelVersion, replays: Mapping[SubjectId, Replay]) -> None:
    expected = version.tags.get(RECIPE_TAG)
    others = [subject_name(subject) for subject, answers in replays.items() if answers.recipe_hash != expected]
    if expected and others:
        raise Refused(
            f"the features of {', '.join(others)} were made by another recipe than version {version.version} was "
            "trained with: preprocess them with that recipe, or train a new version"
        )


def _warn_if_moved(registry: Registry, alias: str, version: ModelVersion) -> None:
    now = registry.version_under(alias)
    if now is None or now.version != version.version:
        where = "was taken away" if now is None else f"moved to version {now.version}"
        logger.warning(
            "%s %s in the meantime; every answer came from version %d, so these scores are that version's",
            alias,
            where,
            version.version,
        )


def _score(
    alias: str,
    version: ModelVersion,
    replays: Mapping[SubjectId, Replay],
    trained_on: Sequence[SubjectId],
    replay_s: float,
) -> Evaluation:
    scores = {}
    for subject, answers in replays.items():
        try:
            scores[subject] = score(answers.targets, answers.probabilities)
        except InvalidInput as error:
            raise InvalidInput(f"{subject_name(subject)}: {error}") from error
    probabilities = {subject: answers.probabilities for subject, answers in replays.items()}
    targets = {subject: answers.targets for subject, answers in replays.items()}
    return Evaluation(
        alias=alias,
        version=version,
        probabilities=probabilities,
        targets=targets,
        scores=scores,
        pooled=score(np.concatenate([*targets.values()]), np.concatenate([*probabilities.values()])),
        trained_on=tuple(subject for subject in replays if subject in trained_on),
        replay_s=replay_s,
    )


def _record(
    evaluation: Evaluation, simulation: Simulation, registry: Registry, wandb_project: WandbProject
) -> Evaluation:
    name = f"{evaluation.alias}-v{evaluation.version.version}"
    facts = {
        "alias": evaluation.alias,
        "version": evaluation.version.version,
        "model_run_id": evaluation.version.run_id,
        "base_url": simulation.endpoint.base_url,
        "subjects": ",".join(map(str, evaluation.scores)),
        "training_subjects": ",".join(map(str, evaluation.trained_on)) or "none",
    }
    by_subject = {subject: scores.as_metrics() for subject, scores in evaluation.scores.items()}
    with registry.start_run(name, kind="simulation", tags={key: str(fact) for key, fact in facts.items()}) as run:
        run.log_metrics(evaluation.metrics())
        run.log_json(ANSWERS_FILE, Answers(evaluation.probabilities, evaluation.targets).to_json())
        for subject, metrics in by_subject.items():
            run.log_metrics({f"{subject_name(subject)}_{metric}": value for metric, value in metrics.items()})
        wandb_place = record(wandb_project, name, config=facts, subjects=by_subject, together=evaluation.metrics())
    return replace(evaluation, run_id=run.run_id, wandb_place=wandb_place)
