"""Ingest: recordings from a source folder to the landing zone, and from there to the raw data.

Every step can be repeated: a recording is copied, the copy is read back and compared by SHA-256,
and only then is the original deleted. Whoever dies in between leaves the original where it was, and
the same command finishes the work.
"""

import hashlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from p300.domain import SubjectId, subject_name
from p300.errors import InvalidInput, InvalidRecording, NotFound, P300Error
from p300.store.layout import LANDING, RAW, REASON_SUFFIX, REJECTED_PREFIX, recording_key, rejected_keys, subject_of
from p300.store.objects import ObjectStore
from p300.store.recordings import decode_recording
from p300.store.subjects import stored_subjects

logger = logging.getLogger(__name__)

DEFAULT_BATCH_SIZE = 5


@dataclass
class Ingested:
    """What became of the landing zone.

    ``moved`` are the subjects that are raw data now; ``rejected`` gives the reason for each object
    that was set aside, by its key.
    """

    moved: list[SubjectId] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def land(source: Path, store: ObjectStore, *, batch_size: int | None = None) -> list[SubjectId]:
    """Copy the next subjects of a folder to the landing zone.

    Parameters
    ----------
    source : Path
        A folder of ``subject_NN/subject_NN_eeg_stim.parquet``.
    batch_size : int, optional
        At most so many subjects, in id order. Without it, all of them.

    Returns
    -------
    list of SubjectId
        The subjects that arrived; those that already landed, are raw data or were rejected with the
        very same bytes do not arrive again.

    Raises
    ------
    NotFound
        There is no such folder, or no recording in it.
    InvalidInput
        A recording may not be read.
    """
    recordings = {subject: source / recording_key(subject) for subject in subjects_in(source)}
    if not recordings:
        expected = recording_key(SubjectId(1))
        raise NotFound(f"there are no recordings in {source}: expected files such as {expected} below it")
    landed = stored_subjects(store, LANDING)
    raw = stored_subjects(store, RAW)
    store.make_bucket(LANDING)
    arrived: list[SubjectId] = []
    for subject in (subject for subject in recordings if subject not in landed and subject not in raw):
        if len(arrived) == batch_size:
            break
        data = _read(recordings[subject])
        if not _was_rejected(store, recording_key(subject), data):
            store.put(LANDING, recording_key(subject), data)
            arrived.append(subject)
    return arrived


def subjects_in(source: Path) -> list[SubjectId]:
    """Subjects whose recordings are in a folder, in id order; raises NotFound without the folder."""
    if not source.is_dir():
        raise NotFound(f"there is no folder {source}")
    keys = (path.relative_to(source).as_posix() for path in source.glob("subject_*/*_eeg_stim.parquet"))
    return sorted(subject for subject in map(subject_of, keys) if subject is not None)


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
        accepted: list[str] = []
        for key in batch:
            reason = _accept(store, key, replace=replace)
            if reason is None:
                accepted.append(key)
            else:
                done.rejected[key] = reason
                on_done(key)
        for key in accepted:
            store.delete(LANDING, key)
            done.moved.extend(filter(None, [subject_of(key)]))
            on_done(key)
    return done


def landed_keys(store: ObjectStore) -> list[str]:
    """What waits in the landing zone, recordings by subject."""
    keys = [key for key in store.list(LANDING) if not key.startswith(REJECTED_PREFIX)]
    return sorted(keys, key=lambda key: (subject_of(key) or 0, key))


def rejections(store: ObjectStore) -> list[str]:
    """Keys of all that was ever set aside and is still in the landing zone, below ``rejected/``."""
    return [key for key in store.list(LANDING, REJECTED_PREFIX) if not key.endswith(REASON_SUFFIX)]


def reason_of(store: ObjectStore, rejection: str) -> str:
    """Why an object was set aside."""
    return store.get(LANDING, rejection + REASON_SUFFIX).decode().strip()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}; chmod go+rX lets a container read it") from error


def _batches(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(keys)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def _accept(store: ObjectStore, key: str, *, replace: bool) -> str | None:
    """Copy one object to the raw data, or set it aside and return the reason."""
    data = store.get(LANDING, key)
    try:
        _check(store, key, data, replace=replace)
    except InvalidRecording as error:
        _set_aside(store, key, data, str(error))
        return str(error)
    store.copy((LANDING, key), (RAW, key))
    if _sha256(store.get(RAW, key)) != _sha256(data):
        raise P300Error(f"the copy of {key} in {RAW} differs from the original, which is kept in {LANDING}; run again")
    return None


def _check(store: ObjectStore, key: str, data: bytes, *, replace: bool) -> None:
    subject = subject_of(key)
    if subject is None or key != recording_key(subject):
        raise InvalidRecording(f"{key} is no recording's name, expected one such as {recording_key(SubjectId(1))}")
    decode_recording(data)
    if not replace and store.exists(RAW, key) and _sha256(store.get(RAW, key)) != _sha256(data):
        name = subject_name(subject)
        raise InvalidRecording(f"there is another recording of {name} in {RAW}; ingest with --replace to replace it")


def _set_aside(store: ObjectStore, key: str, data: bytes, reason: str) -> None:
    logger.warning("rejected %s: %s", key, reason)
    aside, reason_key = rejected_keys(key, _sha256(data))
    store.put(LANDING, reason_key, f"{reason}\n".encode())
    store.put(LANDING, aside, data)
    store.delete(LANDING, key)


def _was_rejected(store: ObjectStore, key: str, data: bytes) -> bool:
    aside, _ = rejected_keys(key, _sha256(data))
    return store.exists(LANDING, aside)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
