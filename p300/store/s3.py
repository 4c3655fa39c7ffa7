"""The platform's store: any server that speaks S3."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, BinaryIO

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.loaders import Loader, create_loader

from p300.errors import InvalidInput, NotFound, P300Error, Refused, Unavailable
from p300.store.keys.access import Policy
from p300.store.layout import BUCKETS, object_path
from p300.store.login import DEFAULT_REGION, S3Login
from p300.store.s3_file import ranged_file
from p300.store.status import ObjectStatus

_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
_DENIED = {"403", "AccessDenied"}
_LOGIN_REFUSED = {
    "InvalidAccessKeyId": "knows no key {}: check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "knows another secret of the key {}: check it",
}
_OWNED = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}
_CHANGED = {"412", "PreconditionFailed"}
# Two writers of one new object at the same moment: the server takes neither side until one of them is done.
_CONTENDED = {"409", "ConditionalRequestConflict"}
# Of an object that is deleted where versions are kept, a marker says so: it is a version too.
_VERSIONS = ("Versions", "DeleteMarkers")
# What is larger is read a range at a time, never as a whole.
_SMALL_BYTES = 64 * 1024 * 1024
_CONFIG = Config(
    retries={"max_attempts": 4, "mode": "standard"},
    connect_timeout=3,
    read_timeout=30,
    s3={"addressing_style": "path"},
)


class S3Store:
    """Buckets on an S3 server.

    Parameters
    ----------
    login : S3Login, optional
        The server and the key. Without it, the server that ``AWS_ENDPOINT_URL`` names and the
        standard AWS credentials.

    A call that the key does not permit raises :class:`p300.errors.Refused`, and a key or secret
    that the server does not know :class:`p300.errors.InvalidInput`.
    """

    def __init__(self, login: S3Login | None = None) -> None:
        session = _session(login)
        credentials = session.get_credentials()
        self._key_id = credentials.access_key if credentials else None
        try:
            self._client = session.client("s3", endpoint_url=login.endpoint_url if login else None, config=_CONFIG)
        except ValueError as error:
            raise InvalidInput(f"{error}: expected an address such as http://localhost:9000") from error

    @property
    def url(self) -> str:
        """What opens this store in a process with the same AWS variables; a login is no part of it."""
        return "s3://"

    def buckets(self) -> list[str]:
        """Names of the buckets that the key opens, sorted."""
        listed = self._listed_buckets()
        # Some servers list to a key only what it owns: the platform's own buckets are asked for by name.
        return sorted(listed.union(bucket for bucket in BUCKETS if bucket not in listed and self._opens(bucket)))

    def make_bucket(self, bucket: str) -> None:
        if self._opens(bucket):
            return
        try:
            self._client.create_bucket(Bucket=bucket)
        except ClientError as error:
            if _code(error) not in _OWNED:
                raise self._explained(error, f"bucket {bucket}", f"s3:CreateBucket on {bucket}") from error
        except BotoCoreError as error:
            raise self._explained(error, f"bucket {bucket}", "") from error

    def keep_versions(self, bucket: str) -> None:
        """Keep what an object was before it is overwritten or deleted, from now on."""
        with self._answering(f"versioning of {bucket}", f"s3:PutBucketVersioning on {bucket}"):
            if self._client.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
                self._client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def set_policy(self, bucket: str, policy: Policy | None) -> None:
        """Say which keys may do what with a bucket; None takes every right from everybody but root."""
        with self._answering(f"the policy of {bucket}", f"s3:PutBucketPolicy on {bucket}"):
            if policy is None:
                self._client.delete_bucket_policy(Bucket=bucket)
            else:
                self._client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    def list(self, bucket: str, prefix: str = "") -> list[str]:
        return [*self.sizes(bucket, prefix)]

    def sizes(self, bucket: str, prefix: str = "") -> dict[str, int]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            with self._answering(f"bucket {bucket}", f"s3:ListBucket on {bucket}"):
                sizes = {entry["Key"]: int(entry["Size"]) for page in pages for entry in page.get("Contents", ())}
        except NotFound:
            return {}
        return dict(sorted(sizes.items()))

    def exists(self, bucket: str, key: str) -> bool:
        try:
            self._head(bucket, key)
        except NotFound:
            return False
        return True

    def stat(self, bucket: str, key: str) -> ObjectStatus:
        head = self._head(bucket, key)
        return ObjectStatus(int(head["ContentLength"]), str(head["ETag"]), head["LastModified"])

    def get(self, bucket: str, key: str) -> bytes:
        with self._answering(f"{key} in {bucket}", f"s3:GetObject on {bucket}"):
            return self._read(bucket, key)

    @contextmanager
    def open(self, bucket: str, key: str) -> Iterator[BinaryIO]:
        head = self._head(bucket, key)
        n_bytes, tag = int(head["ContentLength"]), head["ETag"]

        def read(start: int, stop: int) -> bytes:
            with self._answering(f"{key} in {bucket}", f"s3:GetObject on {bucket}"):
                return self._read(bucket, key, IfMatch=tag, Range=f"bytes={start}-{stop - 1}")

        if 0 < n_bytes <= _SMALL_BYTES:
            yield io.BytesIO(read(0, n_bytes))
        else:
            with ranged_file(n_bytes, read) as file:
                yield file

    def put(self, bucket: str, key: str, data: bytes | BinaryIO) -> None:
        with self._answering(f"{key} in {bucket}", f"s3:PutObject on {bucket}"):
            self._client.put_object(**_address(bucket, key), Body=_rewound(data))

    def put_new(self, bucket: str, key: str, data: bytes | BinaryIO) -> bool:
        with self._answering(f"{key} in {bucket}", f"s3:PutObject on {bucket}"):
            try:
                self._client.put_object(**_address(bucket, key), Body=_rewound(data), IfNoneMatch="*")
            except ClientError as error:
                if _code(error) in _CHANGED | _CONTENDED:
                    return False
                raise
        return True

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        needs = f"s3:GetObject on {source[0]} or s3:PutObject on {target[0]}"
        with self._answering(f"{source[1]} in {source[0]}", needs):
            self._client.copy_object(**_address(*target), CopySource=_address(*source))

    def delete(self, bucket: str, key: str) -> None:
        # S3 answers a delete of nothing like any other; the folder store says that it is missing.
        if not self.exists(bucket, key):
            raise NotFound(f"there is no {key} in {bucket}")
        with self._answering(f"{key} in {bucket}", f"s3:DeleteObject on {bucket}"):
            self._client.delete_object(**_address(bucket, key))

    def erase(self, bucket: str, prefix: str) -> int:
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        keys = set()
        try:
            with self._answering(f"the versions in {bucket}", f"s3:ListBucketVersions on {bucket}"):
                found = [entry for page in pages for kind in _VERSIONS for entry in page.get(kind, ())]
        except NotFound:
            return 0
        for entry in found:
            with self._answering(f"{entry['Key']} in {bucket}", f"s3:DeleteObjectVersion on {bucket}"):
                self._client.delete_object(**_address(bucket, entry["Key"]), VersionId=entry["VersionId"])
            keys.add(entry["Key"])
        return len(keys)

    def _head(self, bucket: str, key: str) -> dict[str, Any]:
        with self._answering(f"{key} in {bucket}", f"s3:GetObject on {bucket}"):
            head: dict[str, Any] = self._client.head_object(**_address(bucket, key))
            return head

    def _read(self, bucket: str, key: str, **conditions: str) -> bytes:
        data: bytes = self._client.get_object(**_address(bucket, key), **conditions)["Body"].read()
        return data

    def _listed_buckets(self) -> set[str]:
        try:
            with self._answering("the list of buckets", "s3:ListAllMyBuckets"):
                return {bucket["Name"] for bucket in self._client.list_buckets()["Buckets"]}
        except Refused:
            return set()

    def _opens(self, bucket: str) -> bool:
        try:
            with self._answering(f"bucket {bucket}", f"s3:ListBucket on {bucket}"):
                self._client.head_bucket(Bucket=bucket)
        except (NotFound, Refused):
            return False
        return True

    @contextmanager
    def _answering(self, what: str, needs: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, what, needs) from error

    def _explained(self, error: ClientError | BotoCoreError, what: str, needs: str) -> P300Error:
        endpoint, code = self._client.meta.endpoint_url, _code(error)
        if isinstance(error, NoCredentialsError):
            return InvalidInput("no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        if code in _MISSING:
            reason = ": the bucket is missing" if code == "NoSuchBucket" else ""
            return NotFound(f"there is no {what}{reason}")
        if code in _CHANGED:
            return Unavailable(f"{what} was replaced while it was read: run again")
        if code in _LOGIN_REFUSED:
            return InvalidInput(f"{endpoint} {_LOGIN_REFUSED[code].format(self._key_id)}")
        if code in _DENIED:
            # The answer to a question for an object's head has no body, so it cannot tell a wrong secret.
            doubt = ", or its secret is another" if code == "403" else ""
            return Refused(f"{endpoint} refuses {what} to the key {self._key_id}: it lacks {needs}{doubt}")
        return Unavailable(f"the S3 server at {endpoint} did not give {what}: {error}")


def _session(login: S3Login | None) -> boto3.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", _service_models())
    if login is None:
        region = core.get_config_variable("region") or DEFAULT_REGION
        return boto3.Session(region_name=region, botocore_session=core)
    return boto3.Session(login.access_key, login.secret_key, region_name=login.region, botocore_session=core)


@cache
def _service_models() -> Loader:
    """What botocore knows of AWS: megabytes of JSON that every session would otherwise parse again, for 60 ms."""
    return create_loader()


def _rewound(data: bytes | BinaryIO) -> bytes | BinaryIO:
    if not isinstance(data, bytes):
        data.seek(0)
    return data


def _address(bucket: str, key: str) -> dict[str, str]:
    object_path(bucket, key)
    return {"Bucket": bucket, "Key": key}


def _code(error: ClientError | BotoCoreError) -> str:
    response = error.response if isinstance(error, ClientError) else {}
    return str(response.get("Error", {}).get("Code", ""))
