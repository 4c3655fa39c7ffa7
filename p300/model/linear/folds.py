"""Fit linear classifiers in few passes over the subjects, and leave each subject out by subtraction.

No more than one subject's table is held at a time. A fit makes two passes: class statistics, then
the quartic sums of Ledoit and Wolf's shrinkage. Leaving one subject out makes two as well, for any
number of subjects and of rules: the sums of all; then, for each subject, its own epochs again,
taken from these sums. Rules that filter epochs, for which sums do not suffice, take one more
between the two, for the quartic sums of all training sets at once.

What stays in memory beside one table are a few square matrices and, where epochs are filtered,
statistics of each subject as large as a few rows of a table
(:meth:`p300.model.sums.statistics.Statistics.by_time`). Keeping every subject's scatter instead would
save a third of the time for 20 MB a subject.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, sub
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from sklearn.base import ClassifierMixin

from p300.domain import Float64s, SubjectId, subject_name
from p300.model.linear.model import LinearModel
from p300.model.linear.shrinkage import View, quartic_sums
from p300.model.sums.statistics import Statistics, require_classes
from p300.model.sums.stored import Sums
from p300.model.sums.totals import Total
from p300.model.tables import BySubject, Fold, Layout, Of, Tables, no_subjects, require_folds, stream


@dataclass(frozen=True)
class TrainingSet:
    """All that a linear classifier needs to know of the epochs it is trained on.

    Attributes
    ----------
    statistics : Statistics
    view : View
    quartics : ndarray, shape (2,)
        Of NonTarget and Target, see :func:`p300.model.linear.shrinkage.quartic_sums`; zeros if not needed.
    """

    statistics: Statistics
    view: View
    quartics: Float64s


class Rule(Protocol):
    """A linear classifier as a function of class statistics: a frozen dataclass of its parameters."""

    name: ClassVar[str]
    sums_suffice: ClassVar[bool]
    """Whether it looks at epochs as they are: filtered ones have other moments than :class:`Sums` hold."""
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def needs_quartics(self) -> bool:
        """Whether the quartic sums of the training set are read."""

    def view(self, by_time: Statistics) -> View:
        """How a training set with these statistics by time looks at an epoch."""

    def model(self, training: TrainingSet) -> LinearModel:
        """The classifier of raw features."""

    def estimator(self, training: TrainingSet) -> ClassifierMixin:
        """The same as a fitted scikit-learn estimator, for the registry."""


def fit(rule: Rule, tables: Tables) -> ClassifierMixin:
    """A fitted estimator of raw features.

    Raises
    ------
    InvalidInput
        Tables that do not belong together, or that lack a class.
    """
    statistics = _total(tables).statistics()
    require_classes(statistics, "the training subjects have")
    view = rule.view(statistics.by_time())
    quartics = np.zeros(2)
    if rule.needs_quartics:
        for _, table in stream(tables):
            quartics += quartic_sums(table, [view])[:, 0]
    return rule.estimator(TrainingSet(statistics, view, quartics))


def fit_sums(rule: Rule, sums: Sums) -> ClassifierMixin:
    """The estimator that :func:`fit` gives of all subjects in the sums, without any of their epochs.

    Parameters
    ----------
    rule : Rule
        One for which sums suffice.
    sums : Sums

    Raises
    ------
    InvalidInput
        A class is lacking.
    """
    statistics = sums.total.statistics()
    require_classes(statistics, "the training subjects have")
    view = rule.view(statistics.by_time())
    return rule.estimator(TrainingSet(statistics, view, sums.quartic_sums(view.standardisers)))


def leave_out(
    rules: Sequence[Rule], tables: Tables, folds: Sequence[Fold], sums: Sums | None = None
) -> list[dict[Fold, BySubject]]:
    """For each rule and fold: P(Target) of the epochs of the fold's subjects, by one classifier of all others.

    Parameters
    ----------
    rules : sequence of Rule
    tables : mapping
    folds : sequence of tuple of int
        Which subjects to leave out together.
    sums : Sums, optional
        Of the subjects in the tables and maybe others, if sums suffice for all of the rules; the others
        belong to every training set.

    Raises
    ------
    InvalidInput
        Fewer subjects than there must be to leave some out, tables that do not belong together, or
        a training set that lacks a class.
    """
    require_folds(sums.subjects if sums else tables, folds)
    gathered = _Gathered(sums.total, sums, {}) if sums else _gather(rules, tables)
    filtered = _filtered([rule for rule in rules if not rule.sums_suffice], gathered.by_time, tables, folds)
    found: list[dict[Fold, BySubject]] = [{} for _ in rules]
    for fold in folds:
        left_out = _held(Of(tables, fold), sums.layout if sums else None)
        others = gathered.total.without(left_out)
        require_classes(others, _without(fold))
        by_time = others.by_time()
        for rule, answers in zip(rules, found, strict=True):
            view, quartics = filtered.get((fold, rule)) or (rule.view(by_time), np.zeros(2))
            if rule.needs_quartics and rule.sums_suffice and gathered.sums:
                quartics = gathered.sums.quartic_sums(view.standardisers)
                for table in left_out.values():
                    quartics -= quartic_sums(table, [view])[:, 0]
            model = rule.model(TrainingSet(others, view, quartics))
            answers[fold] = {subject: model.probabilities(table.features) for subject, table in left_out.items()}
    return found


def _held(tables: Tables, layout: Layout | None) -> Tables:
    """The table itself where there is but one, so that it is read once however often it is looked at."""
    return dict(stream(tables, layout)) if len(tables) == 1 else tables


class _Gathered(NamedTuple):
    """What one pass over the subjects leaves."""

    total: Total
    sums: Sums | None
    """Where a rule needs moments."""
    by_time: dict[SubjectId, Statistics]
    """Of each subject, where a rule filters epochs."""


def _gather(rules: Sequence[Rule], tables: Tables) -> _Gathered:
    with_moments = any(rule.sums_suffice and rule.needs_quartics for rule in rules)
    filtering = not all(rule.sums_suffice for rule in rules)
    total: Total | None = None
    sums: Sums | None = None
    by_time: dict[SubjectId, Statistics] = {}
    for subject, table in stream(tables):
        if with_moments:
            sums = sums or Sums.none(table)
            sums.add(subject, table)
            total = sums.total
        else:
            total = total or Total.none(table)
            total.add(table)
        if filtering:
            by_time[subject] = Statistics.by_time_of(table)
    if total is None:
        raise no_subjects()
    return _Gathered(total, sums, by_time)


def _filtered(
    rules: Sequence[Rule], by_time: Mapping[SubjectId, Statistics], tables: Tables, folds: Sequence[Fold]
) -> dict[tuple[Fold, Rule], tuple[View, Float64s]]:
    """For each fold and rule: how the training set looks at epochs, and their quartic sums."""
    if not rules:
        return {}
    total = reduce(add, by_time.values())
    looks: dict[tuple[Fold, Rule], tuple[View, Float64s]] = {}
    for fold in folds:
        others = reduce(sub, (by_time[subject] for subject in fold), total)
        require_classes(others, _without(fold))
        looks |= {(fold, rule): (rule.view(others), np.zeros(2)) for rule in rules}
    for trained_on, table in stream(tables) if any(rule.needs_quartics for rule in rules) else ():
        for (fold, rule), (view, quartics) in looks.items():
            if trained_on not in fold and rule.needs_quartics:
                np.add(quartics, quartic_sums(table, [view])[:, 0], out=quartics)
    return looks


def _total(tables: Tables) -> Total:
    total: Total | None = None
    for _, table in stream(tables):
        total = total or Total.none(table)
        total.add(table)
    if total is None:
        raise no_subjects()
    return total


def _without(fold: Fold) -> str:
    return f"without {', '.join(map(subject_name, fold))} the other subjects have"
