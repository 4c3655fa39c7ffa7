"""What a training run leaves in MLflow: parameters, metrics, figures, and the model's card and tags."""

import hashlib
import json
from collections.abc import Mapping

from p300.domain import Provenance, SubjectId
from p300.jobs.training.learn import Learned
from p300.registry import ModelCard, Run, TrainedModel
from p300.registry.records import answer_metrics
from p300.report.figures import (
    auc_figure,
    confusion_figure,
    evoked_figure,
    rejection_figure,
    roc_figure,
    search_figure,
)

PROVENANCE_FILE = "provenance.json"
SUMS_FILE = "sums.npz"
SEARCH_FILE = "search.json"
VALIDATION_PREFIX = "loso_"
VALIDATION_NAME = "leave one subject out"


def trained_model(learned: Learned, commit: str) -> TrainedModel:
    """The model as it is registered, by the code of a commit."""
    first = next(iter(learned.provenances.values()))
    return TrainedModel(
        estimator=learned.estimator,
        card=ModelCard(tuple(learned.provenances), first.recipe, tuple(first.channel_names)),
        example=learned.example,
        metrics=answer_metrics(learned.validation, prefix=VALIDATION_PREFIX),
        tags={
            "candidate": learned.candidate.name,
            "recipe_hash": first.recipe_hash,
            "data_hash": data_hash(learned.provenances),
            "code_commit": commit,
        },
    )


def log_training(run: Run, learned: Learned, data_hash: str, *, source: str) -> None:
    """Log all but the model itself and its metrics, which are registered last."""
    run.log_params(_params(learned))
    run.log_dataset("feature tables", digest=data_hash, source=source)
    first = next(iter(learned.provenances.values()))
    for name, content in ModelCard(tuple(learned.provenances), first.recipe, first.channel_names).files().items():
        run.log_json(name, content)
    run.log_json(PROVENANCE_FILE, {str(subject): each.fields() for subject, each in learned.provenances.items()})
    named = {VALIDATION_NAME: learned.validation}
    run.log_figure("figures/evoked.png", evoked_figure(learned.evoked))
    run.log_figure("figures/roc.png", roc_figure(named))
    run.log_figure("figures/auc.png", auc_figure(named))
    run.log_figure("figures/confusion.png", confusion_figure(named))
    run.log_figure("figures/rejections.png", rejection_figure(learned.provenances))
    if learned.search is not None:
        run.log_json(SEARCH_FILE, learned.search.rows())
        run.log_figure("figures/search.png", search_figure(learned.search.rows()))
    if learned.sums is not None:
        run.log_bytes(SUMS_FILE, learned.sums.to_bytes())


def read_provenances(data: bytes) -> dict[SubjectId, Provenance]:
    """What a run logged as its provenance."""
    return {SubjectId(int(subject)): Provenance.from_fields(fields) for subject, fields in json.loads(data).items()}


def data_hash(provenances: Mapping[SubjectId, Provenance]) -> str:
    """SHA-256 over the raw bytes and the recipe of each subject, in id order: the same for the same data."""
    lines = (f"{subject} {each.raw_sha256} {each.recipe_hash}\n" for subject, each in sorted(provenances.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _params(learned: Learned) -> dict[str, object]:
    first = next(iter(learned.provenances.values()))
    recipe = {f"recipe.{key}": value for key, value in first.recipe.fields().items()}
    search = {"search_trials": len(learned.search.trials)} if learned.search else {}
    base = {"base_version": learned.base_version} if learned.base_version else {}
    return {
        "candidate": learned.candidate.name,
        **learned.candidate.parameters,
        "training_subjects": ",".join(map(str, learned.provenances)),
        "validated_subjects": ",".join(map(str, learned.validation)),
        **search,
        **base,
        **recipe,
    }
