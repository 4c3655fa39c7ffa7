"""Choose a candidate and its parameters by leaving subjects out, and say what such a choice is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from p300.domain import Float64s, SubjectId
from p300.model.answers import Answers, read_flashes
from p300.model.candidate import Candidate
from p300.model.candidates import candidate, leave_one_subject_out
from p300.model.tables import Tables, Without, require_subjects

DEFAULT_GRID: tuple[Candidate, ...] = (
    *(candidate("lda", shrinkage=shrinkage) for shrinkage in ("auto", 0.01, 0.03, 0.1, 0.3)),
    *(candidate("xdawn-lda", n_filters=n_filters) for n_filters in (1, 2, 3, 4)),
    *(candidate("toeplitz-lda", shrinkage=shrinkage) for shrinkage in ("auto", 0.05, 0.2)),
    *(candidate("riemann", n_filters=n_filters) for n_filters in (2, 4)),
    candidate("ensemble"),
)


@dataclass(frozen=True)
class Trial:
    """One candidate, and how it did on each subject left out."""

    candidate: Candidate
    validation: Answers

    @property
    def mean_auc(self) -> float:
        return self.validation.mean_auc

    def as_row(self) -> dict[str, Any]:
        """For a log: what was tried and what came of it."""
        auc = {str(subject): scores.auc for subject, scores in self.validation.scores.items()}
        return {
            "candidate": self.candidate.name,
            "parameters": dict(self.candidate.parameters),
            "mean_auc": self.mean_auc,
            "auc": auc,
        }


@dataclass(frozen=True)
class Search:
    """All that was tried."""

    trials: tuple[Trial, ...]

    @property
    def winner(self) -> Trial:
        """The highest mean AUC; of equals the first."""
        return max(self.trials, key=lambda trial: trial.mean_auc)

    def rows(self) -> list[dict[str, Any]]:
        """All trials for a log, in the order of the grid."""
        return [trial.as_row() for trial in self.trials]


@dataclass(frozen=True)
class NestedSearch:
    """What choosing by :func:`tune` is worth on a subject that took no part in the choice.

    Attributes
    ----------
    winners : dict of Trial
        Chosen without the subject, for each subject.
    validation : Answers
        Each subject scored by the winner that was chosen and fitted without it.
    """

    winners: dict[SubjectId, Trial]
    validation: Answers


def tune(tables: Tables, grid: Sequence[Candidate] = DEFAULT_GRID) -> Search:
    """Leave each subject out in turn, for every candidate of the grid.

    The winner's own mean AUC is a little too good, as that of any winner: see :func:`tune_nested`.

    Raises
    ------
    InvalidInput
        As :func:`p300.model.validation.validate`.
    """
    require_subjects(tables, 2, "tuning")
    flashes = read_flashes(tables)
    answers = leave_one_subject_out(grid, tables)
    trials = [Trial(each, Answers.to(flashes, answer).scored()) for each, answer in zip(grid, answers, strict=True)]
    return Search(tuple(trials))


def tune_nested(tables: Tables, grid: Sequence[Candidate] = DEFAULT_GRID) -> NestedSearch:
    """Leave each subject out of tuning altogether: as many searches as there are subjects.

    Raises
    ------
    InvalidInput
        Fewer than three subjects; else as :func:`tune`.
    """
    require_subjects(tables, 3, "nested tuning")
    winners: dict[SubjectId, Trial] = {}
    probabilities: dict[SubjectId, Float64s] = {}
    for subject in tables:
        others = Without(tables, subject)
        winners[subject] = tune(others, grid).winner
        estimator = winners[subject].candidate.fit(others)
        probabilities[subject] = estimator.predict_proba(tables[subject].features)[:, 1]
    return NestedSearch(winners, Answers.to(read_flashes(tables), probabilities).scored())
