"""Ingest: recordings from a source folder to the landing zone, and from there to the raw data.

Every step can be repeated: a recording is copied, the copy is read back and compared by SHA-256,
and only then is the original deleted. Whoever dies in between leaves the original where it was, and
the same command finishes the work. Several may work on one landing zone at the same time.
"""

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from p300.domain import SubjectId
from p300.errors import InvalidInput, InvalidRecording, NotFound
from p300.jobs.recordings.admission import admit, is_raw, require_admissible
from p300.jobs.recordings.source import survey, unreadable
from p300.store.digest import sha256_of
from p300.store.layout import LANDING, RAW, REASON_SUFFIX, REJECTED_PREFIX, recording_key, rejected_keys, subject_of
from p300.store.objects import ObjectStore
from p300.store.subjects import stored_subjects

logger = logging.getLogger(__name__)

DEFAULT_BATCH_SIZE = 5


@dataclass
class Landed:
    """The subjects that arrived in the landing zone, and what of the source folder could not, a sentence each."""

    subjects: list[SubjectId] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass
class Ingested:
    """What became of the landing zone.

    ``moved`` are the subjects that are raw data now; ``rejected`` gives the reason for each object
    that was set aside, by its key.
    """

    moved: list[SubjectId] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def land(source: Path, store: ObjectStore, *, batch_size: int | None = None, replace: bool = False) -> Landed:
    """Copy the next subjects of a folder to the landing zone.

    Those that landed already, are raw data, or were rejected and would be again do not arrive again.

    Parameters
    ----------
    source : Path
        A folder of ``subject_NN/subject_NN_eeg_stim.parquet``.
    batch_size : int, optional
        At most so many subjects, in id order. Without it, all of them.
    replace : bool
        Subjects that are raw data with other bytes arrive too.

    Raises
    ------
    NotFound
        There is no such folder, or nothing in it that looks like a recording.
    """
    found = survey(source)
    if not found.recordings and not found.problems:
        expected = recording_key(SubjectId(1))
        raise NotFound(f"there are no recordings in {source}: expected files such as {expected} below it")
    store.make_bucket(LANDING)
    away = {*stored_subjects(store, LANDING), *(() if replace else stored_subjects(store, RAW))}
    done = Landed(problems=found.problems)
    for subject, path in found.recordings.items():
        if len(done.subjects) == batch_size:
            break
        if subject in away:
            continue
        try:
            with path.open("rb") as file:
                if _land(store, recording_key(subject), file, replace=replace):
                    done.subjects.append(subject)
        except OSError as error:
            done.problems[recording_key(subject)] = unreadable(error)
    return done


def _land(store: ObjectStore, key: str, file: BinaryIO, *, replace: bool) -> bool:
    sha256 = sha256_of(file)
    aside, _ = rejected_keys(key, sha256)
    if store.exists(LANDING, aside):
        try:
            require_admissible(store, key, file, sha256, replace=replace)
        except InvalidRecording as error:
            logger.info("%s was set aside before, and would be again: %s", key, error)
            return False
    return not is_raw(store, key, file, sha256) and store.put_new(LANDING, key, file)


def ingest(
    store: ObjectStore,
    *,
    batch_size: int = DEFAULT_BATCH_SIZE,
    replace: bool = False,
    on_done: Callable[[str], None] = lambda _key: None,
) -> Ingested:
    """Move what is in the landing zone to the raw data, batch after batch.

    Parameters
    ----------
    batch_size : int
        A batch is copied and verified as a whole before its originals are deleted.
    replace : bool
        Let a recording replace a raw one of the same subject with other bytes. Without it, the new
        one is rejected.
    on_done : callable
        Told the key of each object once it is moved or set aside.

    Raises
    ------
    InvalidInput
        ``batch_size`` is below 1.
    P300Error
        A copy did not read back as it was written; the original is still in the landing zone.
    """
    if batch_size < 1:
        raise InvalidInput(f"batch_size is {batch_size}, expected at least 1")
    for bucket in (LANDING, RAW):
        store.make_bucket(bucket)
    done = Ingested()
    for batch in _batches(landed_keys(store), batch_size):
        accepted: dict[str, str] = {}
        for key in batch:
            try:
                tag, reason = _accept(store, key, replace=replace)
            except NotFound:
                logger.info("%s left the landing zone meanwhile: another ingest has it", key)
                continue
            if reason is None:
                accepted[key] = tag
            else:
                done.rejected[key] = reason
                on_done(key)
        for key, tag in accepted.items():
            if _leave(store, key, tag):
                done.moved.extend(filter(None, [subject_of(key)]))
            on_done(key)
    return done


def landed_keys(store: ObjectStore) -> list[str]:
    """What waits in the landing zone, recordings by subject."""
    keys = [key for key in store.list(LANDING) if not key.startswith(REJECTED_PREFIX)]
    return sorted(keys, key=lambda key: (subject_of(key) or 0, key))


def rejections(store: ObjectStore) -> list[str]:
    """Keys of all that was set aside and is still in the landing zone, below ``rejected/``."""
    return [key for key in store.list(LANDING, REJECTED_PREFIX) if not key.endswith(REASON_SUFFIX)]


def reason_of(store: ObjectStore, rejection: str) -> str:
    """Why an object was set aside."""
    return store.get(LANDING, rejection + REASON_SUFFIX).decode().strip()


def _batches(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(keys)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def _accept(store: ObjectStore, key: str, *, replace: bool) -> tuple[str, str | None]:
    """Copy one object to the raw data, or set it aside; gives its tag, and the reason if it was set aside."""
    tag = store.stat(LANDING, key).tag
    with store.open(LANDING, key) as file:
        sha256 = sha256_of(file)
        aside, reason_key = rejected_keys(key, sha256)
        try:
            admit(store, key, file, sha256, replace=replace)
        except InvalidRecording as error:
            logger.warning("rejected %s: %s", key, error)
            store.put(LANDING, reason_key, f"{error}\n".encode())
            store.put(LANDING, aside, file)
            _leave(store, key, tag)
            return tag, str(error)
    for obsolete in (aside, reason_key):  # it was rejected once, and is good now
        if store.exists(LANDING, obsolete):
            store.delete(LANDING, obsolete)
    return tag, None


def _leave(store: ObjectStore, key: str, tag: str) -> bool:
    """Delete an object from the landing zone; false if it went meanwhile, or another came in its place."""
    try:
        if store.stat(LANDING, key).tag != tag:
            return False
        store.delete(LANDING, key)
    except NotFound:
        return False
    return True
