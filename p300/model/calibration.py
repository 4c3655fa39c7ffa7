"""Calibration: probabilities that mean what they say on people who were not trained on.

Shrinkage LDA is too sure of new people: its log-odds are about twice too large, for the directions
that it learnt fit the training subjects better than anyone else. Platt, "Probabilistic outputs for
support vector machines" (1999), fits a slope and an offset of the log-odds to answers on epochs that
the classifier has not seen. Here these are the answers of leave-one-subject-out, which training has
anyway, and every subject counts the same.
"""

from copy import copy
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from p300.domain import Float64s, SubjectId
from p300.model.answers import Answers, Probabilities, SubjectAnswers
from p300.model.ensemble import LogOddsEnsemble
from p300.model.tables import groups

# A slope beyond these says that there is nothing to learn a slope from.
LARGEST_LOG_SLOPE = 4.0
# Log-odds of a classifier that was so sure that its probability rounded to 0 or 1.
_LEAST_PROBABILITY = 1e-15


@dataclass(frozen=True)
class Calibration:
    """Calibrated log-odds of Target are ``slope * log-odds + offset``.

    Attributes
    ----------
    slope : float
        Above 0, so that no two epochs change places.
    offset : float
    n_subjects : int
        How many people's answers it was fitted to; 0 for the one that changes nothing.
    """

    slope: float = 1.0
    offset: float = 0.0
    n_subjects: int = 0

    @classmethod
    def of(cls, answers: Answers) -> Self:
        """Fit to answers on people whom the classifiers have not seen.

        The most likely slope and offset under standard normal priors on the logarithm of the slope and on
        the shift of an answer that says no more than the share of Targets. So the slope stays positive and
        both stay finite, whatever the answers: constant, all right or all wrong.
        """
        targets = np.concatenate([each.targets for each in answers.values()])
        log_odds = np.concatenate([_log_odds(each.probabilities) for each in answers.values()])
        # Each subject has the same weight, and all together that of their epochs.
        weights = np.concatenate([np.full(len(each.targets), 1 / len(each.targets)) for each in answers.values()]) * (
            len(targets) / len(answers)
        )
        share = (weights @ targets + 1) / (len(targets) + 2)
        centre = float(logit(share))
        log_slope, shift = minimize(
            _penalised_loss,
            np.zeros(2),
            args=(targets, log_odds - centre, centre, weights),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-LARGEST_LOG_SLOPE, LARGEST_LOG_SLOPE), (None, None)],
        ).x
        slope = float(np.exp(log_slope))
        return cls(slope, float(centre * (1 - slope) + shift), len(answers))

    def of_probabilities(self, probabilities: Probabilities) -> Float64s:
        """Calibrated probabilities of Target: shape (n_epochs,)."""
        return np.asarray(expit(self.slope * _log_odds(probabilities) + self.offset))

    def of_answers(self, answers: Answers) -> Answers:
        """The same answers, calibrated."""
        return Answers(
            {
                subject: SubjectAnswers(each.flashes, self.of_probabilities(each.probabilities))
                for subject, each in answers.items()
            }
        )

    def of_estimator(self, estimator: ClassifierMixin) -> ClassifierMixin | None:
        """A copy of a fitted estimator whose probabilities are calibrated; None where it has no log-odds to scale.

        Slope and offset go into the coefficients of its last linear step, so that it remains what it was:
        genuine scikit-learn objects, served as fast as before.
        """
        match estimator:
            case LinearDiscriminantAnalysis() | LogisticRegression():
                scaled = copy(estimator)
                scaled.coef_ = self.slope * estimator.coef_
                scaled.intercept_ = self.slope * estimator.intercept_ + self.offset
                return scaled
            case Pipeline():
                *steps, (name, last) = estimator.steps
                scaled = self.of_estimator(last)
                return None if scaled is None else Pipeline([*steps, (name, scaled)])
            case LogOddsEnsemble():
                names = [name for name, _ in estimator.estimators]
                members = [self.of_estimator(member) for member in estimator.estimators_]
                return None if None in members else LogOddsEnsemble.of(list(zip(names, members, strict=True)))
            case _:
                return None


def calibrated_by_others(answers: Answers) -> Answers:
    """The answers that a calibrated version gives: each subject's are calibrated by those on other subjects.

    Group by group, see :func:`p300.model.tables.groups`. Those on a single subject stay as they are.
    """
    calibrated: dict[SubjectId, SubjectAnswers] = {}
    for group in groups(answers):
        others = [subject for subject in answers if subject not in group]
        calibration = Calibration.of(answers.of(others)) if others else Calibration()
        calibrated |= calibration.of_answers(answers.of(group))
    return Answers({subject: calibrated[subject] for subject in answers})


def _penalised_loss(
    parameters: Float64s, targets: NDArray[np.bool_], centred: Float64s, centre: float, weights: Float64s
) -> tuple[float, Float64s]:
    """Minus the log of likelihood times prior, an epoch, and its gradient by log-slope and shift."""
    log_slope, shift = parameters
    scaled = np.exp(log_slope) * centred
    log_odds = scaled + centre + shift
    loss = (
        weights @ (np.maximum(log_odds, 0) + np.log1p(np.exp(-np.abs(log_odds))) - targets * log_odds)
        + parameters @ parameters / 2
    )
    error = weights * (expit(log_odds) - targets)
    gradient = np.array([error @ scaled, error.sum()]) + parameters
    return float(loss) / len(targets), gradient / len(targets)


def _log_odds(probabilities: Probabilities) -> Float64s:
    likely = np.clip(np.asarray(probabilities, np.float64), _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    return np.asarray(logit(likely))
