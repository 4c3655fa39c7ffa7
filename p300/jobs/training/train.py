"""Train: from feature tables to a validated, registered version of the model."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from p300.domain import CHALLENGER, Provenance, SubjectId, subject_name
from p300.errors import InvalidInput, NotFound, Refused
from p300.jobs.commit import code_commit
from p300.jobs.training.learn import Base, learn, learn_new
from p300.jobs.training.plan import Plan
from p300.jobs.training.reading import read_once
from p300.jobs.training.training_log import log_training, trained_model
from p300.model.answers import Answers
from p300.model.calibration import Calibration
from p300.model.candidate import Candidate
from p300.model.candidates import candidate
from p300.model.tuning import DEFAULT_GRID, Search
from p300.model.tuning import FEWEST_SUBJECTS as FEWEST_TO_SEARCH
from p300.registry import ModelVersion, Registry
from p300.registry.records import CalibrationRecord, Origin
from p300.store.features import FeatureTables, stored_provenance
from p300.store.layout import FEATURES
from p300.store.objects import ObjectStore
from p300.store.subjects import stored_subjects

FEWEST_SUBJECTS = 2
STEPS = ("read", "validated", "fitted", "logged", "registered")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Training:
    """What to train, and on whom.

    Attributes
    ----------
    candidate : str
        One of :data:`p300.model.candidates.CANDIDATES`; the search decides where `tune` is set.
    parameters : mapping
        Of the candidate, where they differ from its defaults.
    subjects : sequence of int, optional
        Train on these. Without any given, on a share of the processed subjects.
    share : float
        Above 0, at most 1: the first so many of the processed subjects in id order, rounded down.
    tune : bool
        Search candidates and their parameters by leaving subjects out. What is registered are the scores of
        such a choice on subjects that had no part in it, not the winner's own, which flatter it.
    incremental : bool
        Start from the sums of the newest version that left some, and read only new subjects.
    set_challenger_alias : bool
        Make the new version the challenger.
    """

    candidate: str = "lda"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    subjects: Sequence[int] | None = None
    share: float = 1.0
    tune: bool = False
    incremental: bool = False
    set_challenger_alias: bool = False


@dataclass(frozen=True)
class TrainedVersion:
    """The version that was registered, and how its candidate did on subjects left out.

    Attributes
    ----------
    set_aside : dict of str
        Subjects that could not be learnt from, and why, see :class:`p300.jobs.training.reading.Reading`.
    """

    version: ModelVersion
    candidate: Candidate
    subjects: tuple[SubjectId, ...]
    validation: Answers
    search: Search | None
    set_aside: Mapping[SubjectId, str] = field(default_factory=dict)


def train(
    training: Training,
    store: ObjectStore,
    registry: Registry,
    *,
    on_step: Callable[[str], None] = lambda _step: None,
    on_plan: Callable[[Plan], None] = lambda _plan: None,
) -> TrainedVersion:
    """Validate leave-one-subject-out, fit, log and register; then, if asked, move the challenger alias.

    The version appears whole, and only then the alias moves: whoever kills this leaves aliases on
    whole versions, and a run that says it did not end.

    Parameters
    ----------
    on_step : callable
        Told each of :data:`STEPS` as it is done.
    on_plan : callable
        Told what is about to be done, once the tables are read and before anything takes long.

    Raises
    ------
    InvalidInput
        Options that make no sense, or tables that cannot be trained on together: it names the subjects.
    NotFound
        Subjects that were not preprocessed.
    Refused
        Incremental, but there is nothing to start from, or nothing new.
    Unavailable
        The store or MLflow does not answer.
    """
    _check_options(training)
    chosen = candidate(training.candidate, **training.parameters)
    subjects = choose_subjects(training, stored_subjects(store, FEATURES))
    base = _base(registry, store, subjects, chosen) if training.incremental else None
    old, layout = (base.sums.subjects, base.sums.layout) if base else ((), None)
    tables = FeatureTables(store, [subject for subject in subjects if subject not in old])
    commit = code_commit()
    tags = Origin(code_commit=commit).tags()
    with (
        registry.start_run(_run_name(training, subjects), kind="training", tags=tags) as run,
        read_once(tables, layout) as reading,
    ):
        candidates = DEFAULT_GRID if training.tune else (chosen,)
        on_plan(Plan.of(candidates, reading, base.version if base else None))
        on_step("read")
        if base:
            learned = learn_new(chosen, base, reading, on_step)
        else:
            learned = learn(chosen, reading, on_step, search=training.tune)
        model = trained_model(learned, commit)
        log_training(run, learned, model.origin.data_hash, source=store.url)
        on_step("logged")
        version = registry.register(run, model)
    if training.set_challenger_alias:
        registry.set_alias(CHALLENGER, version.version)
    on_step("registered")
    logger.info("registered version %d, trained on %d subjects", version.version, len(learned.provenances))
    return TrainedVersion(
        version,
        learned.candidate,
        tuple(learned.provenances),
        learned.validation,
        learned.search,
        reading.set_aside,
    )


def choose_subjects(training: Training, processed: Sequence[SubjectId]) -> list[SubjectId]:
    """The subjects to train on, in id order.

    Raises
    ------
    NotFound
        A subject that was not preprocessed, or none at all.
    InvalidInput
        Fewer than two, or than three for a search.
    """
    wanted = training.subjects
    if wanted is not None and not wanted:
        raise InvalidInput("the list of training subjects is empty: name some, or give a share")
    missing = sorted(set(wanted or ()) - set(processed))
    if missing or not processed:
        names = ", ".join(map(subject_name, missing)) or "there is no subject"
        raise NotFound(f"not preprocessed: {names}; run preprocess first")
    if wanted:
        subjects = [subject for subject in processed if subject in wanted]
    else:
        # 0.29 of 100 is 28.999999999999996 in floating point, and 29 subjects to anyone who asks for it.
        subjects = list(processed[: math.floor(training.share * len(processed) + 1e-9)])
    least, purpose = (
        (FEWEST_TO_SEARCH, "to score a choice by") if training.tune else (FEWEST_SUBJECTS, "to leave one out")
    )
    if len(subjects) < least:
        raise InvalidInput(
            f"training would be on {len(subjects)} of {len(processed)} processed subjects, and it needs at least "
            f"{least} {purpose}: take a larger share, or preprocess more subjects"
        )
    return subjects


def _check_options(training: Training) -> None:
    if not 0 < training.share <= 1:
        raise InvalidInput(f"the share of training subjects is {training.share:g}, expected above 0 and at most 1")
    if training.subjects is not None and training.share != 1:
        raise InvalidInput("give the training subjects or their share, not both")
    if training.tune and training.incremental:
        raise InvalidInput("a search needs the epochs of all subjects: leave out --tune or --incremental")


def _base(registry: Registry, store: ObjectStore, subjects: Sequence[SubjectId], candidate: Candidate) -> Base:
    """The sums of the newest version that left some, if what it has learnt is what there is now."""
    for version in registry.versions():
        try:
            sums = registry.sums(version)
        except NotFound:
            continue
        dropped = sorted(set(sums.subjects) - set(subjects))
        if dropped:
            raise Refused(
                f"version {version.version} has learnt from {', '.join(map(subject_name, dropped))}, who are not among "
                "the training subjects now: train without --incremental"
            )
        provenances = registry.provenances(version)
        replaced = [subject for subject in sums.subjects if not _is_as_learnt(store, subject, provenances[subject])]
        if replaced:
            raise Refused(
                f"version {version.version} has learnt from {', '.join(map(subject_name, replaced))} as they were "
                "before: their features have been made again since, of another recording or by another recipe; "
                "train without --incremental"
            )
        if set(sums.subjects) == set(subjects):
            raise Refused(f"version {version.version} has learnt from all of these subjects: there is nothing to add")
        return Base(version.version, sums, provenances, _calibration(registry, version, candidate))
    raise Refused("no version has left sums to start from: train once without --incremental")


def _calibration(registry: Registry, version: ModelVersion, candidate: Candidate) -> Calibration | None:
    """That of a version, if it is of the same candidate."""
    record = CalibrationRecord.of(registry.metrics(version))
    return Calibration(**asdict(record)) if record and version.origin.candidate == candidate.name else None


def _is_as_learnt(store: ObjectStore, subject: SubjectId, learnt: Provenance) -> bool:
    now = stored_provenance(store, subject)
    return now is not None and (now.raw_sha256, now.recipe_hash) == (learnt.raw_sha256, learnt.recipe_hash)


def _run_name(training: Training, subjects: Sequence[SubjectId]) -> str:
    return f"{'search' if training.tune else training.candidate} on {len(subjects)} subjects"
