"""Where made, fetched and converted recordings go: the landing zone, or a folder of subject files."""

import io
from pathlib import Path

from p300.domain import SubjectId
from p300.errors import Refused
from p300.store.digest import sha256_of, stored_sha256
from p300.store.folder import FolderStore
from p300.store.layout import LANDING, recording_key
from p300.store.objects import ObjectStore
from p300.store.plausibility import require_plausible
from p300.store.recordings import open_recording

Destination = ObjectStore | Path


def deliver(destination: Destination, subject: SubjectId, recording: bytes, *, overwrite: bool = False) -> str:
    """Write a recording whole and say where it is.

    Parameters
    ----------
    destination : ObjectStore or Path
        A store, whose landing zone is meant, or a folder.
    recording : bytes
        Parquet, as :func:`p300.store.recordings.encode_recording` makes it.

    Raises
    ------
    Refused
        There is a recording of the subject with other bytes, and `overwrite` is not set.
    Unavailable
        It cannot be written.
    """
    # A folder of subject files is a store with one bucket, the folder itself.
    if isinstance(destination, Path):
        store: ObjectStore = FolderStore(destination.resolve().parent)
        bucket = destination.resolve().name
    else:
        store, bucket = destination, LANDING
    key = recording_key(subject)
    store.make_bucket(bucket)
    if overwrite:
        store.put(bucket, key, recording)
    elif not store.put_new(bucket, key, recording) and stored_sha256(store, bucket, key) != sha256_of(recording):
        raise Refused(f"there is another recording at {bucket}/{key}; pass --overwrite to replace it")
    return f"{bucket}/{key}"


def require_usable(recording: bytes) -> None:
    """Raise InvalidRecording where ingest would refuse it later: whoever makes it should hear of it now."""
    with open_recording(io.BytesIO(recording)) as opened:
        require_plausible(opened)
