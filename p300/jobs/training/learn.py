"""What training learns from feature tables: from all of them, or from the new ones and stored sums."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sklearn.base import ClassifierMixin

from p300.domain import FeatureTable, Float32s, Provenance, SubjectId
from p300.model.answers import Answers
from p300.model.candidate import Candidate
from p300.model.sums.stored import Sums
from p300.model.tables import Tables
from p300.model.tuning import DEFAULT_GRID, Search, tune
from p300.model.validation import validate
from p300.report.evoked import Evoked, evoked

N_EXAMPLES = 2

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Learned:
    """A fitted estimator, how its candidate does on subjects left out, and what it was made of.

    Attributes
    ----------
    validation : Answers
        Of every subject; after an incremental fit, of the new ones.
    provenances : dict of Provenance
        Of every subject that the estimator has learnt from.
    evoked : Evoked
        Of the tables that were read.
    example : ndarray of float32, shape (2, n_features)
        The first epochs of the first table.
    sums : Sums or None
        To start the next incremental fit from; None for candidates that cannot.
    search : Search or None
        All that was tried where the candidate was searched for.
    base_version : int or None
        The version whose sums an incremental fit started from.
    """

    candidate: Candidate
    estimator: ClassifierMixin
    validation: Answers
    provenances: dict[SubjectId, Provenance]
    evoked: Evoked
    example: Float32s
    sums: Sums | None
    search: Search | None = None
    base_version: int | None = None


@dataclass(frozen=True)
class Base:
    """What an earlier version left for an incremental fit."""

    version: int
    sums: Sums
    provenances: dict[SubjectId, Provenance]


def learn(candidate: Candidate, tables: Tables, on_step: OnStep, *, search: bool = False) -> Learned:
    """Validate a candidate leave-one-subject-out and fit it to all subjects; search for it first if asked.

    Raises
    ------
    InvalidInput
        Fewer than two subjects, tables that do not belong together, or a subject without epochs of
        both classes.
    """
    found = tune(tables, DEFAULT_GRID) if search else None
    if found is not None:
        candidate = found.winner.candidate
    sums = Sums.of(tables) if candidate.sums_suffice else None
    validation = found.winner.validation if found else validate(candidate, tables, sums)
    on_step("validated")
    estimator = candidate.fit_sums(sums) if sums else candidate.fit(tables)
    on_step("fitted")
    return Learned(
        candidate, estimator, validation, _provenances(tables), evoked(_each(tables)), _example(tables), sums, found
    )


def learn_new(candidate: Candidate, base: Base, tables: Tables, on_step: OnStep) -> Learned:
    """Add new subjects to what an earlier version has learnt; only their tables are read.

    Each new subject is validated by the classifier of all other subjects, old and new.

    Raises
    ------
    Refused
        The candidate cannot be fitted to sums.
    InvalidInput
        Tables that differ from those of the earlier version, or a subject without epochs of both
        classes.
    """
    sums = base.sums.extended(tables)
    estimator = candidate.fit_sums(sums)
    validation = validate(candidate, tables, sums)
    on_step("validated")
    on_step("fitted")
    return Learned(
        candidate,
        estimator,
        validation,
        dict(sorted((base.provenances | _provenances(tables)).items())),
        evoked(_each(tables)),
        _example(tables),
        sums,
        base_version=base.version,
    )


def _provenances(tables: Tables) -> dict[SubjectId, Provenance]:
    return {subject: table.provenance for subject, table in tables.items()}


def _each(tables: Tables) -> Iterable[FeatureTable]:
    return (table for _, table in tables.items())


def _example(tables: Tables) -> Float32s:
    return next(iter(tables.values())).features[:N_EXAMPLES]
