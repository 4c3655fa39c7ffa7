"""Validation by subject: how a candidate does on people it has not seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p300.domain import Float64s, SubjectId, subject_name
from p300.errors import InvalidInput
from p300.model.candidates import Candidate
from p300.model.scores import Scores, mean_metrics, score
from p300.model.tables import Tables


@dataclass(frozen=True)
class Validation:
    """Leave-one-subject-out: each subject scored by the classifier of all the others.

    Attributes
    ----------
    targets : dict of ndarray of bool, shape (n_epochs,)
        Where a Target was flashed, for each subject.
    probabilities : dict of ndarray, shape (n_epochs,)
        Of Target, in the table's order.
    scores : dict of Scores
    """

    targets: dict[SubjectId, NDArray[np.bool_]]
    probabilities: dict[SubjectId, Float64s]
    scores: dict[SubjectId, Scores]

    @property
    def mean_auc(self) -> float:
        """Mean over the subjects, each counting the same."""
        return self.mean_metrics()["mean_auc"]

    @property
    def pooled(self) -> Scores:
        """Scores of all subjects' epochs thrown together: also asks whether one threshold fits all."""
        return score(np.concatenate(list(self.targets.values())), np.concatenate(list(self.probabilities.values())))

    def mean_metrics(self) -> dict[str, float]:
        """Over the subjects, see :func:`p300.model.scores.mean_metrics`."""
        return mean_metrics(self.scores.values())


def validate(candidate: Candidate, tables: Tables) -> Validation:
    """Leave each subject out in turn.

    Raises
    ------
    InvalidInput
        Fewer than two subjects, tables that do not belong together, or a subject with epochs of
        one class only.
    """
    probabilities = candidate.leave_one_subject_out(tables)
    return assess(read_targets(tables), probabilities)


def read_targets(tables: Tables) -> dict[SubjectId, NDArray[np.bool_]]:
    """Where a Target was flashed, for each subject."""
    return {subject: table.targets for subject, table in tables.items()}


def assess(targets: dict[SubjectId, NDArray[np.bool_]], probabilities: dict[SubjectId, Float64s]) -> Validation:
    """Score each subject's probabilities.

    Raises
    ------
    InvalidInput
        Naming a subject that cannot be scored.
    """
    scores = {}
    for subject, truth in targets.items():
        try:
            scores[subject] = score(truth, probabilities[subject])
        except InvalidInput as error:
            raise InvalidInput(f"{subject_name(subject)}: {error}") from error
    return Validation(targets, probabilities, scores)
