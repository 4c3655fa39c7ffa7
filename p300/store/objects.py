"""Objects in buckets, in a local folder or on an S3 server, behind the same seven calls."""

from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from p300.errors import InvalidInput
from p300.store.folder import FolderStore
from p300.store.login import S3Login

if TYPE_CHECKING:
    from p300.store.s3 import S3Store


class ObjectStore(Protocol):
    """What the platform needs of a store. Writes are atomic: an object is whole or absent.

    ``get``, ``copy`` and ``delete`` raise :class:`p300.errors.NotFound` where there is no such
    object, and every call :class:`p300.errors.Unavailable` where the store cannot be reached.
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

    def exists(self, bucket: str, key: str) -> bool: ...

    def get(self, bucket: str, key: str) -> bytes: ...

    def put(self, bucket: str, key: str, data: bytes) -> None: ...

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Copy one object to another (bucket, key), within the store where it can."""

    def delete(self, bucket: str, key: str) -> None: ...


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
