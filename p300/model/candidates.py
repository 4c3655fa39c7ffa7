"""The classifiers to choose from, all taking the same feature vector."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from operator import add
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np
from scipy.special import expit, logit
from sklearn.base import ClassifierMixin

from p300.domain import Float64s, SubjectId, subject_name
from p300.errors import InvalidInput
from p300.model.ensemble import LogOddsEnsemble
from p300.model.linear import folds
from p300.model.linear.rules import LdaRule, ToeplitzLdaRule, XdawnLdaRule
from p300.model.riemann import fit_riemann
from p300.model.sums.statistics import Statistics
from p300.model.sums.stored import Sums
from p300.model.tables import Tables, Without, require_subjects, stream

# What skops must trust to load any candidate's estimator, beside scikit-learn and numpy.
TRUSTED_TYPES = (
    "p300.model.ensemble.LogOddsEnsemble",
    "p300.model.riemann.XdawnCovariances",
    "pyriemann.tangentspace.TangentSpace",
)


class Candidate(Protocol):
    """A way to train a classifier on some subjects and to ask how it does on others."""

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What :func:`candidate` makes it with, defaults included."""

    def adjusted(self, parameters: Mapping[str, Any]) -> Self:
        """The same candidate with some parameters changed."""

    def fit(self, tables: Tables) -> ClassifierMixin:
        """A fitted estimator on raw feature vectors; ``classes_`` is [1, 2]."""

    def leave_one_subject_out(self, tables: Tables) -> dict[SubjectId, Float64s]:
        """P(Target) of each subject's epochs, by a classifier that has not seen the subject."""


@dataclass(frozen=True)
class LinearCandidate:
    """A candidate that is a function of class statistics, and is served as weights and a bias."""

    name: str
    rule: LdaRule | XdawnLdaRule | ToeplitzLdaRule

    @property
    def parameters(self) -> Mapping[str, Any]:
        return asdict(self.rule)

    def adjusted(self, parameters: Mapping[str, Any]) -> Self:
        return replace(self, rule=replace(self.rule, **parameters))

    def fit(self, tables: Tables) -> ClassifierMixin:
        return folds.fit(self.rule, tables)

    def fit_sums(self, sums: Sums) -> ClassifierMixin:
        """What :meth:`fit` gives of all subjects in the sums, without their epochs; not for ``xdawn-lda``."""
        return folds.fit_sums(self.rule, sums)

    def leave_one_subject_out(self, tables: Tables) -> dict[SubjectId, Float64s]:
        return folds.leave_one_subject_out([self.rule], tables)[0]


@dataclass(frozen=True)
class RiemannCandidate:
    """Covariances of xDAWN sources in the tangent space, see :mod:`p300.model.riemann`."""

    n_filters: int = 4
    name: str = "riemann"

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"n_filters": self.n_filters}

    def adjusted(self, parameters: Mapping[str, Any]) -> Self:
        return replace(self, **parameters)

    def fit(self, tables: Tables) -> ClassifierMixin:
        total = reduce(add, (Statistics.moments_of(table) for _, table in stream(tables)))
        folds.require_classes(total, "the training subjects have")
        return fit_riemann(total, tables, self.n_filters)

    def leave_one_subject_out(self, tables: Tables) -> dict[SubjectId, Float64s]:
        """As the others; but every fold reads its subjects anew, for the filters differ."""
        require_subjects(tables, 2, "leaving one subject out")
        parts = {subject: Statistics.moments_of(table) for subject, table in stream(tables)}
        total = reduce(add, parts.values())
        probabilities = {}
        for subject, part in parts.items():
            others = total - part
            folds.require_classes(others, f"without {subject_name(subject)} the other subjects have")
            estimator = fit_riemann(others, Without(tables, subject), self.n_filters)
            probabilities[subject] = estimator.predict_proba(tables[subject].features)[:, 1]
        return probabilities


@dataclass(frozen=True)
class EnsembleCandidate:
    """The mean of its members' log-odds."""

    members: tuple[LinearCandidate | RiemannCandidate, ...]
    name: str = "ensemble"

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {f"{member.name}.{key}": value for member in self.members for key, value in member.parameters.items()}

    def adjusted(self, parameters: Mapping[str, Any]) -> Self:
        return replace(
            self, members=tuple(member.adjusted(_of_member(member.name, parameters)) for member in self.members)
        )

    def fit(self, tables: Tables) -> ClassifierMixin:
        return LogOddsEnsemble.of([(member.name, member.fit(tables)) for member in self.members])

    def leave_one_subject_out(self, tables: Tables) -> dict[SubjectId, Float64s]:
        return self.combined([member.leave_one_subject_out(tables) for member in self.members])

    @staticmethod
    def combined(answers: Sequence[Mapping[SubjectId, Float64s]]) -> dict[SubjectId, Float64s]:
        """The ensemble's probabilities from those of its members."""
        log_odds = {subject: [_log_odds(each[subject]) for each in answers] for subject in answers[0]}
        return {subject: np.asarray(expit(np.mean(each, axis=0))) for subject, each in log_odds.items()}


def _of_member(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    prefix = f"{name}."
    return {key.removeprefix(prefix): value for key, value in parameters.items() if key.startswith(prefix)}


def _log_odds(probabilities: Float64s) -> Float64s:
    """Finite even where a member was so sure that its probability rounded to 1 or 0."""
    return np.asarray(logit(np.clip(probabilities, 1e-15, 1 - 1e-15)))


CANDIDATES: Mapping[str, Candidate] = MappingProxyType(
    {
        each.name: each
        for each in (
            LinearCandidate("lda", LdaRule()),
            LinearCandidate("xdawn-lda", XdawnLdaRule()),
            LinearCandidate("toeplitz-lda", ToeplitzLdaRule()),
            RiemannCandidate(),
            EnsembleCandidate((LinearCandidate("xdawn-lda", XdawnLdaRule()), RiemannCandidate())),
        )
    }
)


def candidate(name: str, **parameters: Any) -> Candidate:
    """The candidate of that name, with other parameters than the default where they are given.

    Parameters
    ----------
    name : str
        One of :data:`CANDIDATES`.
    **parameters
        ``shrinkage`` ("auto", or from 0 to 1) of ``lda``, ``xdawn-lda`` and ``toeplitz-lda``;
        ``n_filters`` a class of ``xdawn-lda`` and ``riemann``; ``taper`` of ``toeplitz-lda``. Those of
        ``ensemble`` are its members', as ``riemann.n_filters``.

    Raises
    ------
    InvalidInput
        An unknown name, a parameter that the candidate does not take, or a value out of range.
    """
    if name not in CANDIDATES:
        raise InvalidInput(f"there is no candidate {name!r}: choose one of {', '.join(CANDIDATES)}")
    default = CANDIDATES[name]
    for key, value in parameters.items():
        if key not in default.parameters:
            raise InvalidInput(f"{name} takes no {key!r}: its parameters are {', '.join(default.parameters)}")
        _require_in_range(key, value)
    return default.adjusted(parameters)


def _require_in_range(key: str, value: Any) -> None:
    kind = key.rpartition(".")[2]
    if kind == "shrinkage" and value != "auto" and not (_is_number(value) and 0 <= value <= 1):
        raise InvalidInput(f"{key} is {value!r}, expected 'auto' or a number from 0 to 1")
    if kind == "n_filters" and not (type(value) is int and value >= 1):
        raise InvalidInput(f"{key} is {value!r}, expected a whole number from 1")
    if kind == "taper" and not isinstance(value, bool):
        raise InvalidInput(f"{key} is {value!r}, expected True or False")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
