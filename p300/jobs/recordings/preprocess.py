"""Preprocess: raw recordings to feature tables, each subject by itself, in parallel.

A table is made when it is missing, was made by another recipe or from other raw bytes. Whether it
was is decided by the worker that holds the raw bytes, so no subject is read twice.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO, Literal

from p300.domain import Recipe, SubjectId, subject_name
from p300.eeg.features import extract_features
from p300.errors import NotFound, PartialFailure
from p300.jobs.workers import failure_of, run_each
from p300.store.digest import sha256_of
from p300.store.features import encode_features, stored_provenance
from p300.store.layout import FEATURES, RAW, features_key, recording_key
from p300.store.objects import ObjectStore, open_store
from p300.store.recordings import open_recording
from p300.store.subjects import stored_subjects

logger = logging.getLogger(__name__)

Outcome = Literal["made", "current"]


@dataclass
class Preprocessed:
    """Subjects whose features were made now, and those whose features were current already."""

    made: list[SubjectId] = field(default_factory=list)
    current: list[SubjectId] = field(default_factory=list)


def preprocess(
    store: ObjectStore,
    recipe: Recipe,
    *,
    subjects: Sequence[int] | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    on_done: Callable[[SubjectId], None] = lambda _subject: None,
) -> Preprocessed:
    """Make the feature tables that are missing or stale.

    Parameters
    ----------
    subjects : sequence of int, optional
        Only these. Without them, every raw subject.
    workers : int
        Processes on this machine.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://host:port``, whose workers do the work instead; they
        must reach the same store.
    on_done : callable
        Told each subject as it ends, well or badly.

    Raises
    ------
    NotFound
        A subject is asked for that is not among the raw data.
    InvalidInput, Unavailable
        There are no workers, or no scheduler answers.
    PartialFailure
        Some subjects failed; the others are done.
    """
    chosen = _raw_subjects(store, subjects)
    work = partial(preprocess_subject, store.url, recipe=recipe)
    store.make_bucket(FEATURES)
    done = Preprocessed()
    reasons: dict[str, str] = {}
    with run_each(work, chosen, workers=workers, scheduler=scheduler) as outcomes:
        for subject, future in outcomes:
            error = future.exception()
            if error is not None:
                reasons[subject_name(subject)] = failure_of(error)
            else:
                (done.made if future.result() == "made" else done.current).append(subject)
            on_done(subject)
    if reasons:
        raise PartialFailure("preprocessed", dict(sorted(reasons.items())))
    return Preprocessed(sorted(done.made), sorted(done.current))


def preprocess_subject(store_url: str, subject: SubjectId, recipe: Recipe) -> Outcome:
    """Make the feature table of one subject, unless it is current.

    Raises
    ------
    P300Error
        The recording cannot be used, or the store cannot be reached.
    """
    store = open_store(store_url)
    raw_key = recording_key(subject)
    while True:
        tag = store.stat(RAW, raw_key).tag
        outcome = _make(store, subject, recipe)
        try:
            if store.stat(RAW, raw_key).tag == tag:
                return outcome
        except NotFound:
            # The recording was removed meanwhile, and whoever removed it may have looked for features before.
            store.delete(FEATURES, features_key(subject))
            raise
        logger.info("%s was replaced while its features were made: once more", raw_key)


def _make(store: ObjectStore, subject: SubjectId, recipe: Recipe) -> Outcome:
    with store.open(RAW, recording_key(subject)) as raw:
        sha256 = sha256_of(raw)
        if _is_current(store, subject, recipe, sha256):
            return "current"
        table = features_of(raw, subject, recipe, sha256)
    store.put(FEATURES, features_key(subject), table)
    return "made"


def features_of(raw: BinaryIO, subject: SubjectId, recipe: Recipe, sha256: str) -> bytes:
    """Parquet of a subject's feature table, from the Parquet of its recording: a channel is held at a time."""
    with open_recording(raw) as recording:
        return encode_features(extract_features(recording, recipe, raw_key=recording_key(subject), raw_sha256=sha256))


def _is_current(store: ObjectStore, subject: SubjectId, recipe: Recipe, sha256: str) -> bool:
    provenance = stored_provenance(store, subject)
    return provenance is not None and (provenance.recipe_hash, provenance.raw_sha256) == (recipe.hash, sha256)


def _raw_subjects(store: ObjectStore, subjects: Sequence[int] | None) -> list[SubjectId]:
    raw = stored_subjects(store, RAW)
    missing = sorted(set(subjects or ()) - set(raw))
    if missing:
        known = ", ".join(map(str, raw)) or "none"
        raise NotFound(f"not among the raw data: subjects {', '.join(map(str, missing))}; there are {known}")
    return [subject for subject in raw if subjects is None or subject in subjects]
