"""What two versions make of the same epochs of one subject: the difference of their AUC, and how sure it is.

Both score the same epochs, so their AUC are compared as a pair (DeLong, DeLong & Clarke-Pearson 1988,
Biometrics 44:837), by the midranks of Sun & Xu (2014, IEEE Signal Processing Letters 21:1389).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from p300.domain import Float32s, Float64s, SubjectId, subject_name
from p300.errors import InvalidInput
from p300.model.answers import Answers, SubjectAnswers

FEWEST_OF_A_CLASS = 2
# Pairs of a Target and a NonTarget that are looked at together.
_PAIRS_AT_ONCE = 4 * 2**20


@dataclass(frozen=True)
class SubjectDifference:
    """One subject's AUC under both versions; ``variance`` is that of their difference, over the subject's flashes."""

    champion_auc: float
    challenger_auc: float
    variance: float

    @property
    def difference(self) -> float:
        return self.challenger_auc - self.champion_auc


def differences(champion: Answers, challenger: Answers) -> dict[SubjectId, SubjectDifference]:
    """Of each subject.

    Raises
    ------
    InvalidInput
        The versions did not score the same epochs, a subject has fewer than two epochs of a class,
        or some probabilities are no numbers.
    """
    if not champion or set(champion) != set(challenger):
        raise InvalidInput(
            "both versions must have scored the same subjects: "
            f"champion {sorted(champion)}, challenger {sorted(challenger)}"
        )
    return {subject: _difference(subject, champion[subject], challenger[subject]) for subject in sorted(champion)}


def is_comparable(answers: SubjectAnswers) -> bool:
    """Whether there are enough epochs of each class for the variance of an AUC."""
    n_targets = int(np.count_nonzero(answers.targets))
    return min(n_targets, len(answers.targets) - n_targets) >= FEWEST_OF_A_CLASS


def mean_difference(by_subject: Mapping[SubjectId, SubjectDifference]) -> float:
    """The challenger's mean AUC minus the champion's, each subject counting the same."""
    return float(np.mean([each.difference for each in by_subject.values()]))


def resampled_differences(
    champion: SubjectAnswers, challenger: SubjectAnswers, rng: np.random.Generator, n_resamples: int
) -> Float64s:
    """The difference of the AUC on flashes drawn anew, with replacement, as many of each class: shape (n_resamples,).

    Drawing epochs is counting how often each is drawn, and the AUC of the drawn ones is a bilinear form of these
    counts: so all resamples are one matrix product, exactly.
    """
    targets = champion.targets
    n_targets = int(np.count_nonzero(targets))
    n_nontargets = len(targets) - n_targets
    of_targets = _counts(rng, n_targets, n_resamples)
    of_nontargets = _counts(rng, n_nontargets, n_resamples)
    sums = np.zeros(n_resamples)
    step = max(1, _PAIRS_AT_ONCE // n_nontargets)
    for start in range(0, n_targets, step):
        rows = slice(start, start + step)
        gained = _order(challenger.probabilities, targets, rows) - _order(champion.probabilities, targets, rows)
        sums += np.einsum("ij,ij->i", of_targets[:, rows] @ gained, of_nontargets, dtype=np.float64)
    return sums / (2 * n_targets * n_nontargets)


def placements(probabilities: NDArray[np.floating], targets: NDArray[np.bool_]) -> tuple[Float64s, Float64s]:
    """Where each epoch stands among those of the other class: DeLong's structural components.

    Returns
    -------
    of_targets : ndarray, shape (n_targets,)
        For each Target, the share of NonTargets scored lower, a tie counting one half.
    of_nontargets : ndarray, shape (n_nontargets,)
        For each NonTarget, the share of Targets scored higher. The mean of either is the AUC.
    """
    positive, negative = probabilities[targets], probabilities[~targets]
    ranks = rankdata(np.concatenate([positive, negative]))
    of_targets = (ranks[: len(positive)] - rankdata(positive)) / len(negative)
    of_nontargets = 1 - (ranks[len(positive) :] - rankdata(negative)) / len(positive)
    return of_targets, of_nontargets


def _difference(subject: SubjectId, champion: SubjectAnswers, challenger: SubjectAnswers) -> SubjectDifference:
    targets = champion.targets
    shapes = [champion.probabilities.shape, challenger.probabilities.shape]
    if not (np.array_equal(targets, challenger.targets) and shapes == [targets.shape] * 2):
        raise InvalidInput(
            f"{subject_name(subject)}: {shapes[0]} probabilities of the champion and {shapes[1]} "
            f"of the challenger for {targets.shape} epochs, expected one each, of the same epochs"
        )
    if not all(np.isfinite(each.probabilities).all() for each in (champion, challenger)):
        raise InvalidInput(f"{subject_name(subject)}: some probabilities are no numbers")
    if not is_comparable(champion):
        raise InvalidInput(
            f"{subject_name(subject)} has {np.count_nonzero(targets)} Target among {len(targets)} epochs: "
            "a comparison needs at least two of each class"
        )
    champion_parts = placements(champion.probabilities, targets)
    challenger_parts = placements(challenger.probabilities, targets)
    variance = sum(
        float(np.var(theirs - ours, ddof=1)) / len(ours)
        for ours, theirs in zip(champion_parts, challenger_parts, strict=True)
    )
    return SubjectDifference(float(champion_parts[0].mean()), float(challenger_parts[0].mean()), variance)


def _counts(rng: np.random.Generator, n_items: int, n_resamples: int) -> Float32s:
    """How often each item is drawn in each resample: shape (n_resamples, n_items)."""
    drawn = rng.integers(0, n_items, (n_resamples, n_items))
    drawn += n_items * np.arange(n_resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=n_resamples * n_items)
    return counts.reshape(n_resamples, n_items).astype(np.float32)


def _order(probabilities: NDArray[np.floating], targets: NDArray[np.bool_], rows: slice) -> Float32s:
    """1 where a Target is above a NonTarget, -1 below, 0 where they tie: of some Targets and all NonTargets."""
    pairs = probabilities[targets][rows, None] - probabilities[~targets][None, :]
    return np.sign(pairs).astype(np.float32)
