"""Covariances of xDAWN sources, in the tangent space of their Riemannian mean.

Barachant, "MEG decoding using Riemannian geometry and unsupervised classification" (2014): each
epoch is spatially filtered, the classes' average responses are laid beside it, and the covariance of
all of these says how much of each response the epoch holds. The covariances are symmetric positive
matrices; pyRiemann maps them to a vector space at their mean (Barachant et al. 2012), where
shrinkage LDA separates them. On five real subjects it does as well as logistic regression (.876 and
.874 mean AUC), and its log-odds are of the same kind as those of the LDA it meets in the ensemble.

:class:`RiemannDifferenceCandidate` lays one response beside the epoch, Target minus NonTarget, through filters of
Target alone: it errs elsewhere, so that the ensemble gains by both.

The first pass over the subjects streams, see :meth:`p300.model.sums.statistics.Statistics.by_time_of`. The
second gathers the covariances of all epochs: with 4 filters a class 16 x 16 numbers an epoch,
under half of what 16 channels of features take.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, sub
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pyriemann.tangentspace import TangentSpace
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, validate_data

from p300.domain import Float64s, subject_name
from p300.model.candidate import Candidate
from p300.model.linear.model import CLASSES
from p300.model.linear.xdawn import filter_epochs, xdawn_filters
from p300.model.parameters import require_count
from p300.model.sums.statistics import ClassStatistics, Statistics, require_classes
from p300.model.tables import BySubject, Fold, Tables, Without, require_folds, stream

# The Riemannian mean is an iterative search that gains nothing from more epochs than about these.
N_REFERENCE = 600

Responses = Literal["classes", "difference"]


class XdawnCovariances(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """From feature vectors to the Ledoit-Wolf covariance of each epoch's xDAWN sources and the responses.

    With the classes' responses the same as ``pyriemann.estimation.XdawnCovariances(n_filters, estimator="lwf")`` of the
    epochs as (n_channels, n_times) arrays, for all epochs at once.

    Parameters
    ----------
    n_filters : int
        A class; at most as many as there are channels.
    responses : "classes" or "difference"
        What is laid beside an epoch: the average of each class through its own filters, or Target minus NonTarget
        through those of Target.

    Attributes
    ----------
    filters_ : ndarray, shape (n_sources, n_channels)
        Those of NonTarget, then of Target; or of Target alone.
    responses_ : ndarray, shape (n_sources, n_times)
    """

    def __init__(self, n_channels: int, n_filters: int = 4, responses: Responses = "classes") -> None:
        self.n_channels = n_channels
        self.n_filters = n_filters
        self.responses = responses

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        features, labels = validate_data(self, X, y)
        epochs = features.reshape(len(features), self.n_channels, -1).transpose(0, 2, 1)
        parts = (ClassStatistics.of(epochs[labels == label]) for label in np.unique(labels))
        return self.fit_statistics(Statistics(self.n_channels, *parts))

    def fit_statistics(self, by_time: Statistics) -> Self:
        """Fit to the statistics of the epochs by time."""
        self.n_features_in_ = by_time.nontarget.mean.size
        filters = xdawn_filters(by_time, self.n_filters)
        of_nontarget, of_target = np.split(filters, 2)
        if self.responses == "difference":
            self.filters_ = of_target
            self.responses_ = of_target @ (by_time.target.mean - by_time.nontarget.mean).T
        else:
            self.filters_ = filters
            self.responses_ = np.concatenate(
                [of_nontarget @ by_time.nontarget.mean.T, of_target @ by_time.target.mean.T]
            )
        return self

    def transform(self, X: ArrayLike) -> Float64s:
        """Covariances of epochs of shape (n_epochs, n_features): (n_epochs, 2 * n_sources, 2 * n_sources)."""
        check_is_fitted(self)
        features = validate_data(self, X, reset=False, dtype=np.float64)
        sources = filter_epochs(features, self.filters_).reshape(len(features), *self.responses_.shape)
        responses = np.broadcast_to(self.responses_, sources.shape)
        return ledoit_wolf_covariances(np.concatenate([responses, sources], axis=1))


def ledoit_wolf_covariances(signals: Float64s) -> Float64s:
    """``sklearn.covariance.ledoit_wolf`` of each of many signals.

    Parameters
    ----------
    signals : ndarray, shape (n_signals, n_channels, n_times)

    Returns
    -------
    ndarray, shape (n_signals, n_channels, n_channels)
    """
    _, n_channels, n_times = signals.shape
    centred = signals - signals.mean(axis=2, keepdims=True)
    covariances = centred @ centred.transpose(0, 2, 1) / n_times
    level = np.trace(covariances, axis1=1, axis2=2) / n_channels
    squares = np.square(covariances).sum(axis=(1, 2))
    quartics = np.square(np.square(centred).sum(axis=1)).sum(axis=1)
    error = (quartics / n_times - squares) / (n_channels * n_times)
    distance = squares / n_channels - level**2
    share = np.divide(np.minimum(error, distance), distance, out=np.zeros_like(level), where=distance > 0)
    covariances *= (1 - share)[:, None, None]
    covariances += (share * level)[:, None, None] * np.eye(n_channels)
    return np.asarray(covariances)


def fit_riemann(by_time: Statistics, tables: Tables, n_filters: int, responses: Responses) -> Pipeline:
    """Fit to the epochs of all tables.

    Parameters
    ----------
    by_time : Statistics
        Of these epochs by time, see :meth:`Statistics.by_time_of`.
    tables : mapping
    n_filters, responses
        See :class:`XdawnCovariances`.
    """
    covariances = XdawnCovariances(by_time.n_channels, n_filters, responses).fit_statistics(by_time)
    labels, matrices = [], []
    for _, table in stream(tables):
        labels.append(table.labels.astype(CLASSES.dtype))
        matrices.append(covariances.transform(table.features))
    every = max(1, by_time.count // N_REFERENCE)
    tangent = TangentSpace().fit(np.concatenate([each[::every] for each in matrices]))
    vectors = np.concatenate([tangent.transform(each) for each in matrices])
    # It standardises for its shrinkage itself.
    classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(vectors, np.concatenate(labels))
    return Pipeline([("covariances", covariances), ("tangent", tangent), ("classifier", classifier)])


@dataclass(frozen=True)
class RiemannCandidate(Candidate):
    """Covariances of xDAWN sources, beside the response of each class, in the tangent space."""

    n_filters: int = 4
    name: ClassVar[str] = "riemann"
    responses: ClassVar[Responses] = "classes"

    def __post_init__(self) -> None:
        require_count("n_filters", self.n_filters)

    @property
    def trusted_types(self) -> tuple[str, ...]:
        return tuple(f"{kind.__module__}.{kind.__qualname__}" for kind in (XdawnCovariances, TangentSpace))

    def fit(self, tables: Tables) -> ClassifierMixin:
        total = reduce(add, (Statistics.by_time_of(table) for _, table in stream(tables)))
        require_classes(total, "the training subjects have")
        return fit_riemann(total, tables, self.n_filters, self.responses)

    def leave_out(self, tables: Tables, folds: Sequence[Fold]) -> dict[Fold, BySubject]:
        """As the others; but every fold reads its subjects anew, for the filters differ."""
        require_folds(tables, folds)
        parts = {subject: Statistics.by_time_of(table) for subject, table in stream(tables)}
        total = reduce(add, parts.values())
        answers: dict[Fold, BySubject] = {}
        for fold in folds:
            others = reduce(sub, (parts[subject] for subject in fold), total)
            require_classes(others, f"without {', '.join(map(subject_name, fold))} the other subjects have")
            estimator = fit_riemann(others, Without(tables, *fold), self.n_filters, self.responses)
            answers[fold] = {subject: estimator.predict_proba(tables[subject].features)[:, 1] for subject in fold}
        return answers


@dataclass(frozen=True)
class RiemannDifferenceCandidate(RiemannCandidate):
    """Covariances of xDAWN sources, beside the difference between the classes' responses, in the tangent space."""

    n_filters: int = 8
    name: ClassVar[str] = "riemann-difference"
    responses: ClassVar[Responses] = "difference"
