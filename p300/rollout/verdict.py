"""Whether a challenger deserves to replace the champion, by answers on epochs that neither has learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from p300.domain import SubjectId
from p300.model.answers import Answers
from p300.model.scores import brier_score, calibration_error
from p300.rollout.difference import SubjectDifference, differences, mean_difference
from p300.rollout.evidence import Interval, further_subjects, interval_of_the_next, interval_of_these

Outcome = Literal["promote", "keep", "undecided"]


@dataclass(frozen=True)
class Limits:
    """What a challenger must reach.

    Attributes
    ----------
    error : float
        How often a version that is no better may be promoted.
    minimum_effect : float
        Least gain in mean AUC that is worth a replacement.
    largest_subject_loss : float
        Most AUC that any one subject may lose.
    largest_brier_rise : float
        By how much the mean Brier score may rise.
    largest_calibration_error : float
        Of the challenger, see :func:`p300.model.scores.calibration_error`.
    """

    error: float = 0.05
    minimum_effect: float = 0.005
    largest_subject_loss: float = 0.1
    largest_brier_rise: float = 0.01
    largest_calibration_error: float = 0.1


@dataclass(frozen=True)
class Check:
    """Something beside the difference that must hold; `value` may be as large as `limit`."""

    name: str
    value: float
    limit: float

    @property
    def holds(self) -> bool:
        return self.value <= self.limit


@dataclass(frozen=True)
class Verdict:
    """The challenger's mean AUC minus the champion's, how sure that is, and what follows.

    Attributes
    ----------
    of_these : Interval
        If these very people were asked again.
    of_the_next : Interval
        Over all people of whom these are a sample: this one decides.
    reason : str
        Why this outcome, as the end of a sentence that begins with it.
    further_subjects : int or None
        About how many more people would settle what is undecided; None where it is settled or nobody can say.
    """

    outcome: Outcome
    reason: str
    difference: float
    of_these: Interval
    of_the_next: Interval
    checks: tuple[Check, ...]
    per_subject: dict[SubjectId, SubjectDifference]
    further_subjects: int | None = None


def compare(champion: Answers, challenger: Answers, limits: Limits | None = None) -> Verdict:
    """Compare two versions on the same epochs of the same subjects.

    Raises
    ------
    InvalidInput
        The versions did not score the same epochs, a subject has fewer than two epochs of a class,
        or some probabilities are no numbers.
    """
    limits = limits or Limits()
    per_subject = differences(champion, challenger)
    subjects = list(per_subject.values())
    difference = mean_difference(per_subject)
    of_the_next = interval_of_the_next(subjects, champion, challenger, limits.error)
    checks = _checks(champion, challenger, subjects, limits)
    outcome, reason = _decide(difference, of_the_next, checks, limits)
    return Verdict(
        outcome,
        reason,
        difference,
        interval_of_these(subjects, limits.error),
        of_the_next,
        checks,
        per_subject,
        further_subjects(np.array([each.difference for each in subjects]), limits.minimum_effect, limits.error)
        if outcome == "undecided"
        else None,
    )


def _checks(
    champion: Answers, challenger: Answers, subjects: Sequence[SubjectDifference], limits: Limits
) -> tuple[Check, ...]:
    briers = [
        np.mean([brier_score(each.targets, each.probabilities) for each in answers.values()])
        for answers in (champion, challenger)
    ]
    error = calibration_error(challenger.pooled_targets, challenger.pooled_probabilities)
    return (
        Check("largest loss of one subject", max(-each.difference for each in subjects), limits.largest_subject_loss),
        Check("rise of the Brier score", float(briers[1] - briers[0]), limits.largest_brier_rise),
        Check("calibration error", error, limits.largest_calibration_error),
    )


def _decide(difference: float, of_the_next: Interval, checks: Sequence[Check], limits: Limits) -> tuple[Outcome, str]:
    failed = [each for each in checks if not each.holds]
    if of_the_next.high < 0:
        return "keep", "the champion is better"
    if of_the_next.high < limits.minimum_effect:
        return "keep", f"a gain of {limits.minimum_effect:g} AUC is ruled out"
    if failed:
        return "keep", "; ".join(f"{each.name} {each.value:.3f}, limit {each.limit:g}" for each in failed)
    if of_the_next.low <= 0:
        return "undecided", "these people are too few, or too different, to tell for the next one"
    if difference < limits.minimum_effect:
        return "keep", f"better, but by less than {limits.minimum_effect:g} AUC"
    return "promote", "the challenger is better for the next person"
