"""What a training run leaves in MLflow: parameters, metrics, figures, and the model's card and tags."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict

from p300.domain import Provenance, SubjectId
from p300.jobs.training.learn import Learned
from p300.registry import ModelCard, Run, TrainedModel
from p300.registry.records import (
    PROVENANCE_FILE,
    SEARCH_FILE,
    SUMS_FILE,
    CalibrationRecord,
    Origin,
    TrainingRun,
    validation_metrics,
    write_provenances,
)
from p300.report.figures import (
    auc_figure,
    confusion_figure,
    evoked_figure,
    rejection_figure,
    roc_figure,
    score_figure,
    search_figure,
)

VALIDATION_NAME = "leave one subject out"


def trained_model(learned: Learned, commit: str) -> TrainedModel:
    """The model as it is registered, by the code of a commit."""
    first = next(iter(learned.provenances.values()))
    return TrainedModel(
        estimator=learned.estimator,
        card=ModelCard(tuple(learned.provenances), first.recipe, tuple(first.channel_names)),
        example=learned.reading.example,
        metrics=validation_metrics(learned.validation) | _calibration_metrics(learned),
        origin=Origin(learned.candidate.name, first.recipe_hash, data_hash(learned.provenances), commit),
    )


def log_training(run: Run, learned: Learned, data_hash: str, *, source: str) -> None:
    """Log all but the model itself and its metrics, which are registered last."""
    run.log_params(_training_run(learned).params())
    run.log_dataset("feature tables", digest=data_hash, source=source)
    first = next(iter(learned.provenances.values()))
    for name, content in ModelCard(tuple(learned.provenances), first.recipe, first.channel_names).files().items():
        run.log_json(name, content)
    run.log_json(PROVENANCE_FILE, write_provenances(learned.provenances))
    named = {VALIDATION_NAME: learned.validation}
    run.log_figure("evoked", evoked_figure(learned.reading.evoked))
    run.log_figure("roc", roc_figure(named))
    run.log_figure("auc", auc_figure(named))
    run.log_figure("scores", score_figure(named))
    run.log_figure("confusion", confusion_figure(named))
    run.log_figure("rejections", rejection_figure(learned.provenances))
    if learned.search is not None:
        run.log_json(SEARCH_FILE, learned.search.rows())
        run.log_figure("search", search_figure(learned.search.rows()))
    if learned.sums is not None:
        run.log_bytes(SUMS_FILE, learned.sums.to_bytes())


def data_hash(provenances: Mapping[SubjectId, Provenance]) -> str:
    """SHA-256 over the raw bytes and the recipe of each subject, in id order: the same for the same data."""
    lines = (f"{subject} {each.raw_sha256} {each.recipe_hash}\n" for subject, each in sorted(provenances.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _calibration_metrics(learned: Learned) -> dict[str, float]:
    return CalibrationRecord(**asdict(learned.calibration)).metrics() if learned.calibration else {}


def _training_run(learned: Learned) -> TrainingRun:
    return TrainingRun(
        candidate=learned.candidate.name,
        parameters=learned.candidate.parameters,
        training_subjects=tuple(learned.provenances),
        validated_subjects=tuple(learned.validation),
        recipe=next(iter(learned.provenances.values())).recipe,
        n_trials=len(learned.search.trials) if learned.search else None,
        base_version=learned.base_version,
    )
