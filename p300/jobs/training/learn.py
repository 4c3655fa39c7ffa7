"""What training learns from feature tables: from all of them, or from the new ones and stored sums."""

from collections.abc import Callable
from dataclasses import dataclass

from sklearn.base import ClassifierMixin

from p300.domain import Float64s, Provenance, SubjectId
from p300.jobs.training.reading import Reading, require_distinct
from p300.model.answers import Answers
from p300.model.calibration import Calibration, calibrated_by_others
from p300.model.candidate import Candidate
from p300.model.sums.stored import Sums
from p300.model.tuning import DEFAULT_GRID, Search, tune

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Learned:
    """A fitted estimator, how its candidate does on subjects left out, and what it was made of.

    Attributes
    ----------
    validation : Answers
        Of every subject; after an incremental fit, of the new ones. Calibrated, as the estimator is.
    calibration : Calibration or None
        What the estimator's log-odds were calibrated by; None where it has none to scale.
    provenances : dict of Provenance
        Of every subject that the estimator has learnt from.
    reading : Reading
        Of the tables that were read.
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
    calibration: Calibration | None
    provenances: dict[SubjectId, Provenance]
    reading: Reading
    sums: Sums | None
    search: Search | None = None
    base_version: int | None = None


@dataclass(frozen=True)
class Base:
    """What an earlier version left for an incremental fit."""

    version: int
    sums: Sums
    provenances: dict[SubjectId, Provenance]
    calibration: Calibration | None = None


def learn(candidate: Candidate, reading: Reading, on_step: OnStep, *, search: bool = False) -> Learned:
    """Validate a candidate leave-one-subject-out and fit it to all subjects; search for it first if asked.

    Raises
    ------
    InvalidInput
        Fewer than two subjects; three for a search.
    """
    found = tune(reading.tables, DEFAULT_GRID) if search else None
    if found is not None:
        candidate = found.winner.candidate
    sums = Sums.of(reading.tables) if candidate.sums_suffice else None
    if found is not None:
        validation = found.winner.validation
    elif sums is not None:
        validation = _answers(reading, candidate.leave_out_of_sums(sums, reading.tables))
    else:
        validation = _answers(reading, candidate.leave_one_subject_out(reading.tables))
    on_step("validated")
    estimator = candidate.fit_sums(sums) if sums else candidate.fit(reading.tables)
    estimator, calibrated, calibration = _calibrated(estimator, validation)
    on_step("fitted")
    return Learned(
        candidate,
        estimator,
        found.validation if found else calibrated,
        calibration,
        reading.provenances,
        reading,
        sums,
        found,
    )


def learn_new(candidate: Candidate, base: Base, reading: Reading, on_step: OnStep) -> Learned:
    """Add new subjects to what an earlier version has learnt; only their tables are read.

    Each new subject is validated by the classifier of all other subjects, old and new. The earlier
    version's calibration stays, unless there are more new subjects than it was fitted to.

    Raises
    ------
    Refused
        The candidate cannot be fitted to sums.
    InvalidInput
        A recording that the earlier version has learnt under another number.
    """
    provenances = dict(sorted((base.provenances | reading.provenances).items()))
    require_distinct(provenances)
    sums = base.sums.extended(reading.tables)
    estimator = candidate.fit_sums(sums)
    validation = _answers(reading, candidate.leave_out_of_sums(sums, reading.tables))
    on_step("validated")
    earlier = base.calibration
    known = earlier if earlier and earlier.n_subjects >= len(validation) else None
    estimator, validation, calibration = _calibrated(estimator, validation, known)
    on_step("fitted")
    return Learned(candidate, estimator, validation, calibration, provenances, reading, sums, base_version=base.version)


def _calibrated(
    estimator: ClassifierMixin, answers: Answers, known: Calibration | None = None
) -> tuple[ClassifierMixin, Answers, Calibration | None]:
    """The estimator and its candidate's answers after calibration: by one that is known, or by these answers."""
    calibration = known or Calibration.of(answers)
    calibrated = calibration.of_estimator(estimator)
    if calibrated is None:
        return estimator, answers, None
    return calibrated, known.of_answers(answers) if known else calibrated_by_others(answers), calibration


def _answers(reading: Reading, probabilities: dict[SubjectId, Float64s]) -> Answers:
    return Answers.to(reading.flashes, probabilities).scored()
