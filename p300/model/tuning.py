"""Choose a candidate and its parameters by leaving subjects out, and say what such a choice is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from p300.domain import SubjectId
from p300.model.answers import Answers, Flashes, SubjectAnswers, read_flashes
from p300.model.calibration import Calibration
from p300.model.candidate import Candidate
from p300.model.candidates import candidate, leave_out
from p300.model.tables import BySubject, Fold, Tables, groups, require_subjects, single_folds

# One to train on, one to choose by, one to score.
FEWEST_SUBJECTS = 3

DEFAULT_GRID: tuple[Candidate, ...] = (
    *(candidate("lda", shrinkage=shrinkage) for shrinkage in ("auto", 0.01, 0.03, 0.1, 0.3)),
    *(candidate("xdawn-lda", n_filters=n_filters) for n_filters in (1, 2, 3, 4)),
    *(candidate("toeplitz-lda", shrinkage=shrinkage) for shrinkage in ("auto", 0.05, 0.2)),
    *(candidate("riemann", n_filters=n_filters) for n_filters in (2, 4)),
    candidate("riemann-difference"),
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
    """All that was tried, and what such a choice is worth.

    Attributes
    ----------
    trials : tuple of Trial
    chosen : dict of Trial
        For each subject, which of them wins where the subject's group has no part in anything.
    validation : Answers
        To each subject, of the trial that was chosen without it: calibrated, by other subjects.
    """

    trials: tuple[Trial, ...]
    chosen: dict[SubjectId, Trial]
    validation: Answers

    @property
    def winner(self) -> Trial:
        """The highest mean AUC; of equals the first. Its own scores flatter it, as those of any winner."""
        return max(self.trials, key=lambda trial: trial.mean_auc)

    def rows(self) -> list[dict[str, Any]]:
        """All trials for a log, in the order of the grid, and for which subjects each was chosen."""
        return [
            trial.as_row() | {"chosen_without": [subject for subject, own in self.chosen.items() if own is trial]}
            for trial in self.trials
        ]


def tune(tables: Tables, grid: Sequence[Candidate] = DEFAULT_GRID) -> Search:
    """Leave each subject out in turn for every candidate of the grid, and choose without each subject as well.

    A score of a choice is honest only where the subject that is scored had no part in the choice,
    nor in any classifier that the choice looked at: on noise, the answers of classifiers that have seen
    the subject give away which candidate will do well on it. So subjects are put into groups, see
    :func:`p300.model.tables.groups`. For each pair of groups every candidate is fitted once without both and
    asked about both; a group's choice is made of the answers on the other groups by classifiers that
    have not seen it. With up to five subjects that is leave-two-out, and nested leave-one-out exactly.
    With more it costs a candidate ten fits beside the one a subject of leave-one-out.

    Raises
    ------
    InvalidInput
        Fewer than three subjects; else as :func:`p300.model.validation.validate`.
    """
    require_subjects(tables, FEWEST_SUBJECTS, "choosing among candidates")
    flashes = read_flashes(tables)
    pairs = list(combinations(groups(flashes), 2))
    answers = leave_out(grid, tables, [*single_folds(flashes), *(first + second for first, second in pairs)])
    trials = tuple(
        Trial(each, Answers.to(flashes, {subject: own[subject,][subject] for subject in flashes}).scored())
        for each, own in zip(grid, answers, strict=True)
    )
    chosen: dict[SubjectId, Trial] = {}
    validation: dict[SubjectId, SubjectAnswers] = {}
    for group, best in _best_without(pairs, answers, flashes).items():
        own = trials[best].validation
        others = [subject for subject in flashes if subject not in group]
        chosen |= dict.fromkeys(group, trials[best])
        validation |= Calibration.of(own.of(others)).of_answers(own.of(group))
    return Search(
        trials,
        {subject: chosen[subject] for subject in flashes},
        Answers({subject: validation[subject] for subject in flashes}),
    )


def _best_without(
    pairs: Sequence[tuple[Fold, Fold]],
    answers: Sequence[Mapping[Fold, BySubject]],
    flashes: Mapping[SubjectId, Flashes],
) -> dict[Fold, int]:
    """For each group, the place of the candidate that does best on the others by classifiers without the group."""
    found: dict[Fold, list[list[float]]] = {group: [] for pair in pairs for group in pair}
    for first, second in pairs:
        fold = first + second
        asked = {subject: flashes[subject] for subject in fold}
        scores = [Answers.to(asked, each[fold]).scores for each in answers]
        for group, others in ((first, second), (second, first)):
            found[group] += [[each[subject].auc for each in scores] for subject in others]
    return {group: int(np.argmax(np.mean(auc, axis=0))) for group, auc in found.items()}
