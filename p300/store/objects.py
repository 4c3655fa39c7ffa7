"""Objects in buckets, in a local folder or on an S3 server, behind the same calls."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import urlsplit

from p300.errors import InvalidInput
from p300.store.folder import FolderStore
from p300.store.login import S3Login
from p300.store.status import ObjectStatus

if TYPE_CHECKING:
    from p300.store.s3 import S3Store


class ObjectStore(Protocol):
    """What the platform needs of a store. Writes are atomic: an object is whole or absent.

    What asks for one object raises :class:`p300.errors.NotFound` where there is no such object, and
    every call :class:`p300.errors.Unavailable` where the store cannot be reached, read or written to.
    Data is bytes, or a file, from its beginning: one that may be large, and is read a piece at a time.
    """

    @property
    def url(self) -> str:
        """Address from which another process opens the same store."""

    def buckets(self) -> list[str]:
        """Names of the buckets there are, sorted."""

    def make_bucket(self, bucket: str) -> None:
        """Make a bucket if it is missing."""

    def list(self, bucket: str, prefix: str = "") -> list[str]:
        """Keys that begin with the prefix, sorted; none where the bucket is missing."""

    def sizes(self, bucket: str, prefix: str = "") -> dict[str, int]:
        """Bytes of each object whose key begins with the prefix; none where the bucket is missing."""

    def exists(self, bucket: str, key: str) -> bool: ...

    def stat(self, bucket: str, key: str) -> ObjectStatus: ...

    def get(self, bucket: str, key: str) -> bytes: ...

    def open(self, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an object to be read and sought in: one that may be too large for the memory.

        What is read is of one version, also when the object is replaced meanwhile.
        """

    def put(self, bucket: str, key: str, data: bytes | BinaryIO) -> None: ...

    def put_new(self, bucket: str, key: str, data: bytes | BinaryIO) -> bool:
        """Put an object unless one is there, and say whether it was put: of several at once, one puts it."""

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Copy one object to another (bucket, key), within the store where it can."""

    def delete(self, bucket: str, key: str) -> None: ...

    def erase(self, bucket: str, prefix: str) -> int:
        """Delete every object whose key begins so, older versions that the store keeps too; gives their number."""


def open_store(url: str) -> ObjectStore:
    """Open the store at a folder's path, or at ``s3://`` with the standard AWS variables.

    Raises
    ------
    InvalidInput
        An address of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return _s3_store(None)
    if parts.scheme == "file":
        return FolderStore(parts.path)
    if "://" in url or not url:
        raise InvalidInput(f"P300_STORE_URL is {url!r}: expected a folder such as .p300/store, or s3://")
    return FolderStore(url)


def open_s3(*, endpoint_url: str, access_key: str, secret_key: str) -> "S3Store":
    """Open the store on an S3 server with a key, whatever the AWS variables say.

    Nothing is asked of the server yet.
    """
    return _s3_store(S3Login(endpoint_url, access_key, secret_key))


def _s3_store(login: S3Login | None) -> "S3Store":
    from p300.store.s3 import S3Store  # noqa: PLC0415  (boto3 takes longer to import than most commands to run)

    return S3Store(login)
