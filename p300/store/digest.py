"""SHA-256 of objects, and writes that are read back."""

import hashlib
from pathlib import Path
from typing import BinaryIO

from p300.errors import P300Error
from p300.store.objects import ObjectStore

_CHUNK_BYTES = 8 * 1024 * 1024


def sha256_of(data: bytes | BinaryIO) -> str:
    """SHA-256 in hexadecimal, of bytes or of all that a file holds."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    digest = hashlib.sha256()
    data.seek(0)
    while chunk := data.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file on this machine."""
    with path.open("rb") as file:
        return sha256_of(file)


def stored_sha256(store: ObjectStore, bucket: str, key: str) -> str:
    """SHA-256 of an object, read a piece at a time."""
    with store.open(bucket, key) as file:
        return sha256_of(file)


def put_verified(store: ObjectStore, bucket: str, key: str, data: bytes | BinaryIO) -> str:
    """Put an object, read it back, and give its SHA-256.

    Raises
    ------
    P300Error
        The store gives back something else.
    """
    sha256 = sha256_of(data)
    store.put(bucket, key, data)
    require_stored(store, bucket, key, sha256)
    return sha256


def require_stored(store: ObjectStore, bucket: str, key: str, sha256: str) -> None:
    """Raise P300Error where an object, read back, has not the hash that it should have."""
    if stored_sha256(store, bucket, key) != sha256:
        raise P300Error(f"{key} in {bucket} of {store.url} is not what was just written there: check that disk")
