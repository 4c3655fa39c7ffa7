"""How well probabilities of Target separate the classes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from p300.domain import Float64s
from p300.errors import InvalidInput

THRESHOLD = 0.5
N_BINS = 10  # of a reliability diagram
MEAN_NAMES = ("auc", "balanced_accuracy", "kappa", "accuracy")


@dataclass(frozen=True)
class Scores:
    """Scores of a set of epochs; all but the AUC call an epoch Target from a probability of 0.5.

    Attributes
    ----------
    confusion : ndarray of int, shape (2, 2)
        Rows: what the flash was, NonTarget then Target. Columns: what it was called.
    """

    auc: float
    balanced_accuracy: float
    kappa: float
    accuracy: float
    confusion: NDArray[np.int64]
    n_epochs: int

    def as_metrics(self) -> dict[str, float]:
        """Names and values for a tracking server; the confusion matrix as four counts."""
        (true_negatives, false_positives), (false_negatives, true_positives) = self.confusion.tolist()
        return {
            "auc": self.auc,
            "balanced_accuracy": self.balanced_accuracy,
            "kappa": self.kappa,
            "accuracy": self.accuracy,
            "true_negatives": float(true_negatives),
            "false_positives": float(false_positives),
            "false_negatives": float(false_negatives),
            "true_positives": float(true_positives),
            "n_epochs": float(self.n_epochs),
        }


def mean_metrics(subjects: Iterable[Scores]) -> dict[str, float]:
    """Mean over subjects of AUC, balanced accuracy, kappa and accuracy: each counts the same, however many epochs."""
    scores = list(subjects)
    return {f"mean_{name}": float(np.mean([getattr(each, name) for each in scores])) for name in MEAN_NAMES}


def score(targets: ArrayLike, probabilities: ArrayLike) -> Scores:
    """Score probabilities against the truth.

    Parameters
    ----------
    targets : array of bool, shape (n_epochs,)
        Where a Target was flashed.
    probabilities : array, shape (n_epochs,)
        Of Target.

    Raises
    ------
    InvalidInput
        Different lengths, probabilities outside 0..1, or epochs of one class only, for which none
        of this is defined.
    """
    truth, answers = np.asarray(targets, dtype=bool), np.asarray(probabilities, dtype=np.float64)
    if truth.shape != answers.shape or truth.ndim != 1:
        raise InvalidInput(f"to score, give one probability an epoch: {answers.shape} came for {truth.shape} epochs")
    if not ((answers >= 0) & (answers <= 1)).all():
        raise InvalidInput("to score, give probabilities from 0 to 1: some are outside, or no numbers")
    n_targets = int(truth.sum())
    if n_targets in (0, len(truth)):
        raise InvalidInput(
            f"no scores without both classes: of {len(truth)} epochs {n_targets} are Target; "
            "leave this subject out, or record and preprocess it again"
        )
    called = answers >= THRESHOLD
    confusion = np.bincount(2 * truth + called, minlength=4).reshape(2, 2)
    by_chance = float(confusion.sum(axis=0) @ confusion.sum(axis=1)) / len(truth) ** 2
    accuracy = float(np.trace(confusion)) / len(truth)
    return Scores(
        auc=_auc(truth, answers),
        balanced_accuracy=float(np.mean(np.diag(confusion) / confusion.sum(axis=1))),
        kappa=(accuracy - by_chance) / (1 - by_chance),
        accuracy=accuracy,
        confusion=confusion,
        n_epochs=len(truth),
    )


def brier_score(targets: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> float:
    """Mean squared distance of the probability from what happened (Brier 1950); arrays of shape (n_epochs,)."""
    return float(np.mean(np.square(np.asarray(probabilities, np.float64) - targets)))


def equal_bins(targets: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> tuple[Float64s, Float64s]:
    """The reliability diagram: mean probability and share of Targets, over bins of equally many epochs.

    Parameters
    ----------
    targets, probabilities : ndarray, shape (n_epochs,)

    Returns
    -------
    said, happened : ndarray, shape (n_bins,)
        Ten of them, or as many as there are epochs.
    """
    bins = np.array_split(np.argsort(probabilities), min(N_BINS, len(targets)))
    said = np.array([np.mean(probabilities[each], dtype=np.float64) for each in bins])
    return said, np.array([targets[each].mean() for each in bins])


def calibration_error(targets: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> float:
    """Mean distance between what was said and what happened, see :func:`equal_bins`."""
    said, happened = equal_bins(targets, probabilities)
    return float(np.abs(said - happened).mean())


def _auc(truth: NDArray[np.bool_], answers: Float64s) -> float:
    """Share of pairs in order, ties counting one half: by the sum of the Targets' midranks (Mann & Whitney 1947)."""
    n_targets = int(truth.sum())
    ranks = float(rankdata(answers)[truth].sum())
    return (ranks - n_targets * (n_targets + 1) / 2) / (n_targets * (len(truth) - n_targets))
