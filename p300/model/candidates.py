"""The classifiers to choose from, all taking the same feature vector."""

from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any

from p300.errors import InvalidInput
from p300.model.candidate import Candidate
from p300.model.ensemble import EnsembleCandidate
from p300.model.linear.candidate import LinearCandidate
from p300.model.linear.rules import LdaRule, ToeplitzLdaRule, XdawnLdaRule
from p300.model.riemann import RiemannCandidate, RiemannDifferenceCandidate
from p300.model.tables import BySubject, Fold, Tables

REGISTERED: tuple[Candidate, ...] = (
    LinearCandidate(LdaRule()),
    LinearCandidate(XdawnLdaRule()),
    LinearCandidate(ToeplitzLdaRule()),
    RiemannCandidate(),
    RiemannDifferenceCandidate(),
    EnsembleCandidate((LinearCandidate(XdawnLdaRule()), RiemannCandidate(n_filters=3), RiemannDifferenceCandidate())),
)
CANDIDATES: Mapping[str, Candidate] = MappingProxyType({each.name: each for each in REGISTERED})

# What skops must trust to load any candidate's estimator, beside scikit-learn and numpy.
TRUSTED_TYPES = tuple(dict.fromkeys(chain.from_iterable(each.trusted_types for each in REGISTERED)))


def candidate(name: str, **parameters: Any) -> Candidate:
    """The candidate of that name, with other parameters than the default where they are given.

    Parameters
    ----------
    name : str
        One of :data:`CANDIDATES`.
    **parameters
        ``shrinkage`` ("auto", or from 0 to 1) of ``lda``, ``xdawn-lda`` and ``toeplitz-lda``;
        ``n_filters`` a class of ``xdawn-lda``, ``riemann`` and ``riemann-difference``; ``taper`` of
        ``toeplitz-lda``. Those of ``ensemble`` are its members', as ``riemann.n_filters``.

    Raises
    ------
    InvalidInput
        An unknown name, a parameter that the candidate does not take, or a value out of range.
    """
    if name not in CANDIDATES:
        raise InvalidInput(f"there is no candidate {name!r}: choose one of {', '.join(CANDIDATES)}")
    default = CANDIDATES[name]
    for key in parameters:
        if key not in default.parameters:
            raise InvalidInput(f"{name} takes no {key!r}: its parameters are {', '.join(default.parameters)}")
    return default.adjusted(parameters)


def leave_out(grid: Sequence[Candidate], tables: Tables, folds: Sequence[Fold]) -> list[dict[Fold, BySubject]]:
    """What each candidate's own method gives, with shared passes: candidates of one kind are asked together.

    Members that several candidates have in common are asked once.
    """
    members = dict.fromkeys(member for each in grid for member in each.members)
    answers: dict[Candidate, dict[Fold, BySubject]] = {}
    for kind in dict.fromkeys(each.__class__ for each in members):
        some = [member for member in members if type(member) is kind]
        answers |= zip(some, kind.leave_out_together(some, tables, folds), strict=True)
    return [
        {fold: each.combined([answers[member][fold] for member in each.members]) for fold in folds} for each in grid
    ]
