"""Admission: what a recording must be to become raw data, and how it does so without a race."""

import contextlib
import os
from typing import BinaryIO

from p300.domain import SubjectId, subject_name
from p300.errors import InvalidRecording, NotFound
from p300.store.digest import require_stored, stored_sha256
from p300.store.layout import FEATURES, RAW, features_key, recording_key, subject_of
from p300.store.objects import ObjectStore
from p300.store.plausibility import require_plausible
from p300.store.recordings import open_recording


def require_admissible(store: ObjectStore, key: str, file: BinaryIO, sha256: str, *, replace: bool) -> SubjectId:
    """Check a recording by itself and against the raw data; gives its subject. Nothing is changed.

    Raises
    ------
    InvalidRecording
        It cannot be used, is another subject's as well, or would replace one and `replace` is not set.
    """
    subject = subject_of(key)
    if subject is None or key != recording_key(subject):
        raise InvalidRecording(f"{key} is no recording's name, expected one such as {recording_key(SubjectId(1))}")
    with open_recording(file) as recording:
        require_plausible(recording)
    owner = _subject_with(store, file, sha256)
    if owner is not None and owner != subject:
        raise InvalidRecording(
            f"these are the very bytes of {subject_name(owner)}'s recording: one person under two numbers would be "
            f"trained on and judged by; if {subject_name(owner)} is the wrong number, run p300 forget {owner} first"
        )
    if owner is None and not replace and store.exists(RAW, key):
        raise InvalidRecording(_another(subject))
    return subject


def admit(store: ObjectStore, key: str, file: BinaryIO, sha256: str, *, replace: bool) -> None:
    """Make a recording raw data, verified; raises like :func:`require_admissible`.

    What it replaces has its features removed first: nobody trains on features of a recording that is gone.
    """
    subject = require_admissible(store, key, file, sha256, replace=replace)
    if not store.put_new(RAW, key, file):
        if stored_sha256(store, RAW, key) == sha256:
            return
        if not replace:
            raise InvalidRecording(_another(subject))
        with contextlib.suppress(NotFound):
            store.delete(FEATURES, features_key(subject))
        store.put(RAW, key, file)
    require_stored(store, RAW, key, sha256)


def is_raw(store: ObjectStore, key: str, file: BinaryIO, sha256: str) -> bool:
    """Whether the raw data holds just these bytes under this key."""
    return store.sizes(RAW, key).get(key) == _size(file) and stored_sha256(store, RAW, key) == sha256


def _subject_with(store: ObjectStore, file: BinaryIO, sha256: str) -> SubjectId | None:
    """The subject whose raw recording has these bytes. Only recordings of the same size are read."""
    n_bytes = _size(file)
    alike = (key for key, size in store.sizes(RAW).items() if size == n_bytes)
    return next((subject_of(key) for key in alike if stored_sha256(store, RAW, key) == sha256), None)


def _size(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def _another(subject: SubjectId) -> str:
    return f"there is another recording of {subject_name(subject)} in {RAW}; ingest with --replace to replace it"
