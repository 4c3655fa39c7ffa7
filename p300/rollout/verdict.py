"""Which of two versions tells Target from NonTarget better, on epochs that neither has learnt from.

Both score the same epochs, so their AUC are compared within each subject as a pair (DeLong, DeLong
& Clarke-Pearson 1988, Biometrics 44:837), by the midranks of Sun & Xu (2014, IEEE Signal Processing
Letters 21:1389), and the differences are averaged over the subjects. The interval is about these
subjects: it says how sure the difference is given their number of flashes, and knows nothing of how
subjects differ from those who were not measured.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from p300.domain import Float64s, SubjectId, subject_name
from p300.errors import InvalidInput
from p300.model.answers import Answers, SubjectAnswers

Better = Literal["challenger", "champion", "undecided"]

FEWEST_OF_A_CLASS = 2


@dataclass(frozen=True)
class SubjectVerdict:
    """One subject's AUC under both versions; ``variance`` is that of their difference."""

    champion_auc: float
    challenger_auc: float
    variance: float

    @property
    def difference(self) -> float:
        return self.challenger_auc - self.champion_auc


@dataclass(frozen=True)
class Verdict:
    """The challenger's mean AUC minus the champion's, between ``low`` and ``high``.

    ``better`` is undecided where the interval holds zero.
    """

    difference: float
    low: float
    high: float
    confidence: float
    better: Better
    per_subject: dict[SubjectId, SubjectVerdict]


def compare(champion: Answers, challenger: Answers, *, confidence: float = 0.95) -> Verdict:
    """Compare two versions on the same epochs of the same subjects.

    Parameters
    ----------
    confidence : float
        Of the interval.

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
    per_subject = {
        subject: _compare_subject(subject, champion[subject], challenger[subject]) for subject in sorted(champion)
    }
    verdicts = per_subject.values()
    difference = float(np.mean([verdict.difference for verdict in verdicts]))
    # The subjects' errors are independent, so the variance of their mean is the sum over n squared.
    standard_error = float(np.sqrt(sum(verdict.variance for verdict in verdicts))) / len(verdicts)
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * standard_error
    low, high = difference - margin, difference + margin
    better: Better = "challenger" if low > 0 else "champion" if high < 0 else "undecided"
    return Verdict(difference, low, high, confidence, better, per_subject)


def is_comparable(answers: SubjectAnswers) -> bool:
    """Whether there are enough epochs of each class for the variance of an AUC."""
    n_targets = int(np.count_nonzero(answers.targets))
    return min(n_targets, len(answers.targets) - n_targets) >= FEWEST_OF_A_CLASS


def _compare_subject(subject: SubjectId, champion: SubjectAnswers, challenger: SubjectAnswers) -> SubjectVerdict:
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
    return SubjectVerdict(float(champion_parts[0].mean()), float(challenger_parts[0].mean()), variance)


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
