"""What is kept in MLflow, and under which names."""

from typing import TYPE_CHECKING, Literal

from p300.domain import subject_name

if TYPE_CHECKING:  # whoever only reads what is kept needs no science
    from p300.model.answers import Answers

RunKind = Literal["training", "simulation"]


def experiment_name(kind: RunKind) -> str:
    """Where the runs of a kind are."""
    return f"p300-{kind}"


def overall_metrics(answers: "Answers") -> dict[str, float]:
    """What answers come to over all subjects.

    ``mean_...`` over subjects and ``pooled_...`` over their epochs, of the flashes that have an
    epoch; the same behind ``all_`` of all flashes, and ``share_kept``, how many have an epoch. These
    two only where the missed flashes are known.
    """
    metrics = _overall(answers)
    if answers.all_flashes is not None and answers.share_kept is not None:
        metrics |= {f"all_{name}": value for name, value in _overall(answers.all_flashes).items()}
        metrics["share_kept"] = answers.share_kept
    return metrics


def answer_metrics(answers: "Answers", *, prefix: str = "") -> dict[str, float]:
    """As :func:`overall_metrics`, and ``subject_NN_...`` of each subject."""
    metrics = overall_metrics(answers) | _by_subject(answers)
    if answers.all_flashes is not None:
        metrics |= {
            f"{subject_name(subject)}_all_auc": scores.auc for subject, scores in answers.all_flashes.scores.items()
        }
    return {f"{prefix}{name}": value for name, value in metrics.items()}


def _overall(answers: "Answers") -> dict[str, float]:
    return answers.mean_metrics() | {f"pooled_{name}": value for name, value in answers.pooled.as_metrics().items()}


def _by_subject(answers: "Answers") -> dict[str, float]:
    return {
        f"{subject_name(subject)}_{name}": value
        for subject, scores in answers.scores.items()
        for name, value in scores.as_metrics().items()
    }
