"""Where made, fetched and converted recordings go: the landing zone, or a folder of subject files."""

from pathlib import Path

from p300.domain import SubjectId
from p300.errors import NotFound, Refused
from p300.store.folder import FolderStore
from p300.store.layout import LANDING, recording_key
from p300.store.objects import ObjectStore

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
    if not overwrite and _differs(store, bucket, key, recording):
        raise Refused(f"there is another recording at {bucket}/{key}; pass --overwrite to replace it")
    store.make_bucket(bucket)
    store.put(bucket, key, recording)
    return f"{bucket}/{key}"


def _differs(store: ObjectStore, bucket: str, key: str, recording: bytes) -> bool:
    try:
        return store.get(bucket, key) != recording
    except NotFound:
        return False
