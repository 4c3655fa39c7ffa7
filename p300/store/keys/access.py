"""Which service may do what with which bucket, and how servers are told.

Nobody but root makes buckets, or changes policies and versioning: no right here includes that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from p300.store.layout import ARTIFACTS, FEATURES, LANDING, RAW

Right = Literal["read", "write", "delete"]
Policy = dict[str, Any]

OBJECT_ACTIONS: Mapping[Right, tuple[str, ...]] = {
    "read": ("s3:GetObject",),
    # Who uploads a large object in parts may give up half way, and then takes the parts away.
    "write": ("s3:PutObject", "s3:AbortMultipartUpload"),
    "delete": ("s3:DeleteObject",),
}
# Comes with any right: without it a server says of a missing object that it is forbidden.
BUCKET_ACTION = "s3:ListBucket"

_POLICY_LANGUAGE = "2012-10-17"


@dataclass(frozen=True)
class Service:
    """A service, the id of its key, the variable that holds the key's secret, and its rights by bucket."""

    key_id: str
    secret_variable: str
    rights: Mapping[str, tuple[Right, ...]]


SERVICES = (
    Service(
        "p300-airflow",
        "AIRFLOW_S3_SECRET",
        {LANDING: ("read", "write", "delete"), RAW: ("read", "write"), FEATURES: ("read", "delete")},
    ),
    Service("p300-preprocessing", "PREPROCESSING_S3_SECRET", {RAW: ("read",), FEATURES: ("read", "write", "delete")}),
    Service("p300-training", "TRAINING_S3_SECRET", {FEATURES: ("read",)}),
    Service("p300-simulator", "SIMULATOR_S3_SECRET", {FEATURES: ("read",)}),
    Service("p300-mlflow", "MLFLOW_S3_SECRET", {ARTIFACTS: ("read", "write", "delete")}),
)


def service_policy(service: Service) -> Policy:
    """IAM policy of a service: everything that its key may do."""
    return _policy(statement for bucket, rights in service.rights.items() for statement in _statements(bucket, rights))


def bucket_policy(bucket: str) -> Policy | None:
    """Policy of a bucket, for servers whose keys have none: who may do what with it; None if nobody may."""
    statements = [
        {**statement, "Principal": {"AWS": [service.key_id]}}
        for service in SERVICES
        if bucket in service.rights
        for statement in _statements(bucket, service.rights[bucket])
    ]
    return _policy(statements) if statements else None


def _policy(statements: Iterable[Policy]) -> Policy:
    return {"Version": _POLICY_LANGUAGE, "Statement": list(statements)}


def _statements(bucket: str, rights: Iterable[Right]) -> list[Policy]:
    name = f"arn:aws:s3:::{bucket}"
    object_actions = [action for right in rights for action in OBJECT_ACTIONS[right]]
    return [
        {"Effect": "Allow", "Action": [BUCKET_ACTION], "Resource": [name]},
        {"Effect": "Allow", "Action": object_actions, "Resource": [f"{name}/*"]},
    ]
