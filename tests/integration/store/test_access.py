"""Each service's key opens what its service needs, on a server that means it, and nothing else."""

from collections.abc import Callable
from itertools import product
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from p300.errors import InvalidInput, Refused
from p300.jobs.platform.provision import Plan
from p300.store.keys.access import SERVICES, bucket_policy
from p300.store.layout import ARTIFACTS, BUCKETS, FEATURES, INFERENCE_LOGS, RAW
from p300.store.s3 import S3Store

OpenAs = Callable[[str], S3Store]
KEY = "folder/object"
ACTIONS: dict[str, Callable[[S3Store, str], object]] = {
    "list": lambda store, bucket: store.list(bucket),
    "read": lambda store, bucket: store.get(bucket, KEY),
    "write": lambda store, bucket: store.put(bucket, KEY, b"new"),
    "delete": lambda store, bucket: store.delete(bucket, KEY),
}


def test_keys_open_what_their_services_need_and_nothing_else(root: S3Store, open_as: OpenAs) -> None:
    for service in SERVICES:
        for bucket in BUCKETS:
            root.put(bucket, KEY, b"old")
        store = open_as(service.key_id)
        opened = {pair for pair in product(BUCKETS, ACTIONS) if _is_open(store, *pair)}
        rights = {(bucket, right) for bucket, rights in service.rights.items() for right in ("list", *rights)}
        assert opened == rights, service.key_id
        assert store.buckets() == sorted(service.rights)


def test_only_root_makes_buckets_and_rules(root: S3Store, open_as: OpenAs) -> None:
    for service in SERVICES:
        store = open_as(service.key_id)
        for bucket in service.rights:
            store.make_bucket(bucket)  # it is there: jobs may ask for it
            with pytest.raises(Refused, match="s3:PutBucketVersioning"):
                store.keep_versions(bucket)
            with pytest.raises(Refused, match="s3:PutBucketPolicy"):
                store.set_policy(bucket, bucket_policy(bucket))
        with pytest.raises(Refused, match="s3:CreateBucket on p300-another"):
            store.make_bucket("p300-another")
    assert root.buckets() == sorted(BUCKETS)


def test_refusal_names_the_bucket_the_key_and_what_it_lacks(root: S3Store, open_as: OpenAs) -> None:
    root.put(FEATURES, KEY, b"x")
    training = open_as("p300-training")
    with pytest.raises(Refused, match=f"{KEY} in {FEATURES} to the key p300-training: it lacks s3:PutObject"):
        training.put(FEATURES, KEY, b"y")
    with pytest.raises(Refused, match=f"s3:GetObject on {FEATURES} or s3:PutObject on {RAW}"):
        training.copy((FEATURES, KEY), (RAW, KEY))
    with pytest.raises(Refused, match=f"to the key p300-training: it lacks s3:ListBucket on {INFERENCE_LOGS}"):
        training.list(INFERENCE_LOGS)


def test_wrong_key_and_wrong_secret_are_told_apart(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "p300-nobody")
    with pytest.raises(InvalidInput, match="knows no key p300-nobody"):
        S3Store().buckets()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "p300-training")
    with pytest.raises(InvalidInput, match="another secret of the key p300-training"):
        S3Store().get(FEATURES, KEY)


def test_older_versions_of_raw_data_are_nobodys_to_delete(plan: Plan, root: S3Store, open_as: OpenAs, s3: Any) -> None:
    airflow = open_as("p300-airflow")
    for data in (b"old", b"new"):
        airflow.put(RAW, KEY, data)
    old = next(version for version in s3.Bucket(RAW).object_versions.all() if not version.is_latest)
    client = _client(plan)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket=RAW, Key=KEY, VersionId=old.id)
    assert old.get()["Body"].read() == b"old"


def test_large_artifacts_go_up_in_parts(plan: Plan, open_as: OpenAs) -> None:
    open_as("p300-mlflow")
    client = _client(plan)
    part = b"x" * 5 * 1024 * 1024
    upload = client.create_multipart_upload(Bucket=ARTIFACTS, Key="model")["UploadId"]
    where = {"Bucket": ARTIFACTS, "Key": "model", "UploadId": upload}
    tag = client.upload_part(**where, PartNumber=1, Body=part)["ETag"]
    client.complete_multipart_upload(**where, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    given_up = client.create_multipart_upload(Bucket=ARTIFACTS, Key="model")["UploadId"]
    client.abort_multipart_upload(Bucket=ARTIFACTS, Key="model", UploadId=given_up)
    assert client.get_object(Bucket=ARTIFACTS, Key="model")["Body"].read() == part


def _is_open(store: S3Store, bucket: str, action: str) -> bool:
    try:
        ACTIONS[action](store, bucket)
    except Refused:
        return False
    return True


def _client(plan: Plan) -> Any:
    """boto3's own view, with the key that is in the standard variables now."""
    return boto3.Session().client("s3", endpoint_url=plan.root.endpoint_url, region_name=plan.root.region)
