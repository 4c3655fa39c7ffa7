"""What is kept in MLflow, and under which names: each record writes itself and reads itself back.

No name of a tag, parameter, metric or artifact is spelt elsewhere but for the files of the model's
own folder, see :mod:`p300.registry.card`. The names are what users find in MLflow's pages, and what
older versions were written with: they stay as they are. This module imports no MLflow.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from p300.domain import Provenance, Recipe, SubjectId, subject_name

if TYPE_CHECKING:  # whoever only reads what is kept needs no science
    from p300.model.answers import Answers

RunKind = Literal["training", "simulation"]
RUN_KINDS: tuple[RunKind, ...] = get_args(RunKind)

PROVENANCE_FILE = "provenance.json"
SUMS_FILE = "sums.npz"
SEARCH_FILE = "search.json"
ANSWERS_FILE = "answers.json"

MODEL_RUN_TAG = "model_run_id"
FAILURE_TAG = "failure"
PROCESS_TAG = "process"

_VALIDATION = "loso_"
_CALIBRATION = "calibration_"
_ALL_FLASHES = "all_"
_SHARE_KEPT = "share_kept"
_VALIDATED_SUBJECT = re.compile(rf"{_VALIDATION}subject_(\d+)_auc")


def experiment_name(kind: RunKind) -> str:
    """The experiment that holds the runs of a kind."""
    return f"p300-{kind}"


@dataclass(frozen=True)
class Origin:
    """What a version was made of and by: its tags. Empty text where an older one does not say."""

    candidate: str = ""
    recipe_hash: str = ""
    data_hash: str = ""
    code_commit: str = ""

    def tags(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Self:
        return cls(**{field.name: tags.get(field.name, "") for field in fields(cls)})


@dataclass(frozen=True)
class TrainingRun:
    """What was trained, and on whom: the parameters of a training run.

    Attributes
    ----------
    candidate : str
    parameters : mapping
        Of the candidate.
    training_subjects, validated_subjects : tuple of SubjectId
        Those that it learnt from, and those that were left out in turn.
    recipe : Recipe
    n_trials : int or None
        Of the search, where there was one.
    base_version : int or None
        The version that an incremental fit started from.
    """

    candidate: str
    parameters: Mapping[str, Any]
    training_subjects: tuple[SubjectId, ...]
    validated_subjects: tuple[SubjectId, ...]
    recipe: Recipe
    n_trials: int | None = None
    base_version: int | None = None

    def params(self) -> dict[str, object]:
        search = {} if self.n_trials is None else {"search_trials": self.n_trials}
        base = {} if self.base_version is None else {"base_version": self.base_version}
        return {
            "candidate": self.candidate,
            **self.parameters,
            "training_subjects": _listed(self.training_subjects),
            "validated_subjects": _listed(self.validated_subjects),
            **search,
            **base,
            **{f"recipe.{name}": value for name, value in self.recipe.fields().items()},
        }


def training_subjects_of(params: Mapping[str, str]) -> tuple[SubjectId, ...] | None:
    """The subjects that a run with these parameters learnt from; None if it does not say."""
    return _subjects(params["training_subjects"]) if "training_subjects" in params else None


@dataclass(frozen=True)
class SimulationRun:
    """Which served alias was asked about whom: the tags of a simulation's run.

    ``version`` and ``model_run_id`` are of the version that answered, ``trained_on`` are those among
    the subjects that it has learnt from.
    """

    alias: str
    version: int
    model_run_id: str
    base_url: str
    subjects: tuple[SubjectId, ...]
    trained_on: tuple[SubjectId, ...]

    def tags(self) -> dict[str, str]:
        return {name: str(fact) for name, fact in self.facts().items()}

    def facts(self) -> dict[str, object]:
        return {
            "alias": self.alias,
            "version": self.version,
            MODEL_RUN_TAG: self.model_run_id,
            "base_url": self.base_url,
            "subjects": _listed(self.subjects),
            "training_subjects": _listed(self.trained_on) or "none",
        }

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Self:
        return cls(
            alias=tags.get("alias", ""),
            version=int(tags.get("version", 0)),
            model_run_id=tags.get(MODEL_RUN_TAG, ""),
            base_url=tags.get("base_url", ""),
            subjects=_subjects(tags.get("subjects", "")),
            trained_on=_subjects(tags.get("training_subjects", "none")),
        )


@dataclass(frozen=True)
class Means:
    """Mean scores over subjects, read from a run's metrics; None where the run does not say.

    All but ``all_auc``, which is of all flashes, are of the flashes that have an epoch: the share
    ``share_kept``.
    """

    auc: float | None
    balanced_accuracy: float | None
    kappa: float | None
    accuracy: float | None
    all_auc: float | None
    share_kept: float | None

    @classmethod
    def of_validation(cls, metrics: Mapping[str, float]) -> Self:
        """Of a training run: each subject left out in turn."""
        return cls._of(metrics, _VALIDATION)

    @classmethod
    def of_simulation(cls, metrics: Mapping[str, float]) -> Self:
        return cls._of(metrics, "")

    @classmethod
    def _of(cls, metrics: Mapping[str, float], prefix: str) -> Self:
        names = ("mean_auc", "mean_balanced_accuracy", "mean_kappa", "mean_accuracy")
        return cls(*(metrics.get(f"{prefix}{name}") for name in (*names, f"{_ALL_FLASHES}mean_auc", _SHARE_KEPT)))


def validated_subjects_of(metrics: Mapping[str, float]) -> tuple[SubjectId, ...]:
    """The subjects that a training run left out in turn, by its metrics."""
    matches = map(_VALIDATED_SUBJECT.fullmatch, metrics)
    return tuple(sorted(SubjectId(int(match[1])) for match in matches if match))


def validation_metrics(answers: "Answers") -> dict[str, float]:
    """As :func:`overall_metrics` and ``subject_NN_...``, all behind ``loso_``."""
    metrics = overall_metrics(answers) | _by_subject(answers)
    return {f"{_VALIDATION}{name}": value for name, value in metrics.items()}


@dataclass(frozen=True)
class CalibrationRecord:
    """What a version's log-odds were multiplied and shifted by, as so many subjects taught: metrics."""

    slope: float
    offset: float
    n_subjects: int

    def metrics(self) -> dict[str, float]:
        return {f"{_CALIBRATION}{name}": float(value) for name, value in asdict(self).items()}

    @classmethod
    def of(cls, metrics: Mapping[str, float]) -> Self | None:
        """None where a version is older than calibration, or has none."""
        try:
            slope, offset, n_subjects = (metrics[f"{_CALIBRATION}{field.name}"] for field in fields(cls))
        except KeyError:
            return None
        return cls(slope, offset, int(n_subjects))


def simulation_metrics(answers: "Answers", replay_s: float) -> dict[str, float]:
    """As :func:`simulation_summary` and ``subject_NN_...``."""
    return simulation_summary(answers, replay_s) | _by_subject(answers)


def simulation_summary(answers: "Answers", replay_s: float) -> dict[str, float]:
    """As :func:`overall_metrics`, and how long the answers took."""
    return overall_metrics(answers) | {"replay_s": replay_s}


def overall_metrics(answers: "Answers") -> dict[str, float]:
    """What answers come to over all subjects.

    ``mean_...`` over subjects and ``pooled_...`` over their epochs, of the flashes that have an
    epoch; the same behind ``all_`` of all flashes, and ``share_kept``, how many have an epoch. These
    two only where the missed flashes are known.
    """
    metrics = _overall(answers)
    if answers.all_flashes is not None and answers.share_kept is not None:
        metrics |= {f"{_ALL_FLASHES}{name}": value for name, value in _overall(answers.all_flashes).items()}
        metrics[_SHARE_KEPT] = answers.share_kept
    return metrics


def write_provenances(provenances: Mapping[SubjectId, Provenance]) -> dict[str, object]:
    """Content of :data:`PROVENANCE_FILE`, ready for JSON."""
    return {str(subject): each.fields() for subject, each in provenances.items()}


def read_provenances(data: bytes) -> dict[SubjectId, Provenance]:
    """Read :data:`PROVENANCE_FILE`."""
    return {SubjectId(int(subject)): Provenance.from_fields(fields) for subject, fields in json.loads(data).items()}


def figure_file(name: str) -> str:
    """Where a figure of a run lies among its artifacts."""
    return f"figures/{name}.png"


def _overall(answers: "Answers") -> dict[str, float]:
    return answers.mean_metrics() | {f"pooled_{name}": value for name, value in answers.pooled.as_metrics().items()}


def _by_subject(answers: "Answers") -> dict[str, float]:
    metrics = {
        f"{subject_name(subject)}_{name}": value
        for subject, scores in answers.scores.items()
        for name, value in scores.as_metrics().items()
    }
    if answers.all_flashes is not None:
        whole = answers.all_flashes.scores.items()
        metrics |= {f"{subject_name(subject)}_{_ALL_FLASHES}auc": scores.auc for subject, scores in whole}
    return metrics


def _listed(subjects: Sequence[SubjectId]) -> str:
    return ",".join(map(str, subjects))


def _subjects(text: str) -> tuple[SubjectId, ...]:
    return tuple(SubjectId(int(subject)) for subject in text.split(",")) if text not in ("", "none") else ()
