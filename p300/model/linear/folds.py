"""Fit linear classifiers in a few passes over the subjects, and leave each subject out by subtraction.

No more than one subject's table is held at a time. A fit makes two passes: class statistics, then
the quartic sums of Ledoit and Wolf's shrinkage. Leaving one subject out makes three, for any number
of subjects and of rules: the statistics of all; the quartic sums of all training sets at once; and,
for each subject, its statistics again, taken from those of all.

What stays in memory beside one table are a few square matrices and, for each subject left out,
moments as large as a few rows of a table (:meth:`p300.model.sums.statistics.Statistics.by_time`).
Keeping every subject's scatter instead would save a third of the time for 20 MB a subject.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.base import ClassifierMixin

from p300.domain import Float64s, SubjectId, subject_name
from p300.errors import InvalidInput
from p300.model.linear.model import LinearModel
from p300.model.linear.shrinkage import View, quartic_sums
from p300.model.sums.statistics import Statistics
from p300.model.sums.stored import Sums
from p300.model.sums.totals import Total
from p300.model.tables import Tables, require_subjects, stream


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
    """A linear classifier as a function of class statistics."""

    @property
    def needs_quartics(self) -> bool:
        """Whether the quartic sums of the training set are read."""

    def view(self, by_time: Statistics) -> View:
        """How a training set with these moments looks at an epoch."""

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
    total = _total(tables)
    require_classes(total, "the training subjects have")
    view = rule.view(total.by_time())
    quartics = np.zeros(2)
    if rule.needs_quartics:
        for _, table in stream(tables):
            quartics += quartic_sums(table, [view])[:, 0]
    return rule.estimator(TrainingSet(total, view, quartics))


def fit_sums(rule: Rule, sums: Sums) -> ClassifierMixin:
    """The estimator that :func:`fit` gives of all subjects in the sums, without any of their epochs.

    Raises
    ------
    InvalidInput
        A class is lacking, or the rule filters epochs before it learns.
    """
    require_classes(sums.statistics, "the training subjects have")
    view = rule.view(sums.statistics.by_time())
    return rule.estimator(TrainingSet(sums.statistics, view, sums.quartic_sums(view)))


def leave_one_subject_out(rules: Sequence[Rule], tables: Tables) -> list[dict[SubjectId, Float64s]]:
    """For each rule: P(Target) of each subject's epochs, by the classifier of all other subjects.

    Raises
    ------
    InvalidInput
        Fewer than two subjects, tables that do not belong together, or a training set that lacks
        a class.
    """
    require_subjects(tables, 2, "leaving one subject out")
    moments: dict[SubjectId, Statistics] = {}
    total = _total(tables, moments)
    views = _views(rules, total.by_time(), moments)
    quartics = _quartics(rules, views, tables)
    probabilities: list[dict[SubjectId, Float64s]] = [{} for _ in rules]
    for subject, table in stream(tables):
        others = total - Statistics.of(table)
        for index, rule in enumerate(rules):
            training = TrainingSet(others, views[subject][index], quartics[subject][:, index])
            probabilities[index][subject] = rule.model(training).probabilities(table.features)
    return probabilities


def require_classes(statistics: Statistics, who: str) -> None:
    """Raise InvalidInput when there are no epochs of one of the classes."""
    for part, name in zip(statistics.classes, ("NonTarget", "Target"), strict=True):
        if part.count == 0:
            raise InvalidInput(f"{who} no {name} epochs: a classifier needs both classes")


def _total(tables: Tables, moments: dict[SubjectId, Statistics] | None = None) -> Statistics:
    """Statistics of all subjects; the moments of each go into `moments` where it is given."""
    total: Total | None = None
    for subject, table in stream(tables):
        total = total or Total(table)
        total.add(table)
        if moments is not None:
            moments[subject] = Statistics.moments_of(table)
    if total is None:
        raise InvalidInput("there are no subjects to train on")
    return total.statistics()


def _views(
    rules: Sequence[Rule], total: Statistics, moments: Mapping[SubjectId, Statistics]
) -> dict[SubjectId, list[View]]:
    """What each rule's training set without a subject looks like, for each subject."""
    views = {}
    for subject, part in moments.items():
        others = total - part
        require_classes(others, f"without {subject_name(subject)} the other subjects have")
        views[subject] = [rule.view(others) for rule in rules]
    return views


def _quartics(
    rules: Sequence[Rule], views: Mapping[SubjectId, list[View]], tables: Tables
) -> dict[SubjectId, Float64s]:
    """Quartic sums of each training set under each rule: (2, n_rules) for each subject left out."""
    sums = {subject: np.zeros((2, len(rules))) for subject in views}
    needed = [index for index, rule in enumerate(rules) if rule.needs_quartics]
    if not needed:
        return sums
    for trained_on, table in stream(tables):
        folds = [subject for subject in views if subject != trained_on]
        flat = quartic_sums(table, [views[subject][index] for subject in folds for index in needed])
        for subject, part in zip(folds, np.split(flat, len(folds), axis=1), strict=True):
            sums[subject][:, needed] += part
    return sums
