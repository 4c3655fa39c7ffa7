"""The platform's store: any server that speaks S3."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from p300.errors import InvalidInput, NotFound, P300Error, Unavailable

_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
_FORBIDDEN = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
_OWNED = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class S3Store:
    """Buckets on the server that ``AWS_ENDPOINT_URL`` names, with the standard AWS credentials."""

    def __init__(self) -> None:
        retries = {"max_attempts": 4, "mode": "standard"}
        config = Config(retries=retries, connect_timeout=3, read_timeout=30, s3={"addressing_style": "path"})
        self._client = boto3.client("s3", config=config, region_name=boto3.Session().region_name or "us-east-1")

    @property
    def url(self) -> str:
        return "s3://"

    def buckets(self) -> list[str]:
        with self._answering("the list of buckets"):
            return sorted(bucket["Name"] for bucket in self._client.list_buckets()["Buckets"])

    def make_bucket(self, bucket: str) -> None:
        try:
            self._client.create_bucket(Bucket=bucket)
        except ClientError as error:
            if _code(error) not in _OWNED:
                raise self._explained(error, bucket) from error
        except BotoCoreError as error:
            raise self._explained(error, bucket) from error

    def list(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            with self._answering(bucket):
                return sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))
        except NotFound:
            return []

    def exists(self, bucket: str, key: str) -> bool:
        try:
            with self._answering(f"{key} in {bucket}"):
                self._client.head_object(Bucket=bucket, Key=key)
        except NotFound:
            return False
        return True

    def get(self, bucket: str, key: str) -> bytes:
        with self._answering(f"{key} in {bucket}"):
            data: bytes = self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
            return data

    def put(self, bucket: str, key: str, data: bytes) -> None:
        with self._answering(f"{key} in {bucket}"):
            self._client.put_object(Bucket=bucket, Key=key, Body=data)

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        origin = {"Bucket": source[0], "Key": source[1]}
        with self._answering(f"{source[1]} in {source[0]}"):
            self._client.copy_object(Bucket=target[0], Key=target[1], CopySource=origin)

    def delete(self, bucket: str, key: str) -> None:
        # S3 answers a delete of nothing like any other; the folder store says that it is missing.
        if not self.exists(bucket, key):
            raise NotFound(f"there is no {key} in {bucket}")
        with self._answering(f"{key} in {bucket}"):
            self._client.delete_object(Bucket=bucket, Key=key)

    @contextmanager
    def _answering(self, what: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, what) from error

    def _explained(self, error: ClientError | BotoCoreError, what: str) -> P300Error:
        endpoint = self._client.meta.endpoint_url
        if isinstance(error, NoCredentialsError):
            return InvalidInput("no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        if isinstance(error, ClientError) and _code(error) in _MISSING:
            return NotFound(f"there is no {what}")
        if isinstance(error, ClientError) and _code(error) in _FORBIDDEN:
            return InvalidInput(f"{endpoint} refuses {what} to these AWS credentials ({_code(error)})")
        return Unavailable(f"the S3 server at {endpoint} did not give {what}: {error}")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
