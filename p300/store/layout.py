"""What every bucket and object is called."""

import re
from pathlib import PurePosixPath

from p300.domain import SubjectId, subject_name
from p300.errors import InvalidInput

LANDING = "p300-landing-zone"
RAW = "p300-raw-data"
FEATURES = "p300-processed-features"
ARTIFACTS = "p300-mlflow-artifacts"
INFERENCE_LOGS = "p300-inference-logs"
BUCKETS = (LANDING, RAW, FEATURES, ARTIFACTS, INFERENCE_LOGS)

REJECTED_PREFIX = "rejected/"
REASON_SUFFIX = ".reason.txt"

_SUBJECT_KEY = re.compile(r"subject_([0-9]{2,})/.+\.parquet")


def object_path(bucket: str, key: str = "") -> PurePosixPath:
    """Path of an object or a bucket in a store; InvalidInput where the name would lead out of its bucket."""
    path = PurePosixPath(bucket) / key
    if path.is_absolute() or ".." in path.parts or not bucket:
        raise InvalidInput(f"{bucket!r}, {key!r} is no object's name: expected a bucket and a relative key")
    return path


def recording_key(subject: int) -> str:
    """Key of a subject's recording, in the landing zone and among the raw data."""
    name = subject_name(subject)
    return f"{name}/{name}_eeg_stim.parquet"


def features_key(subject: int) -> str:
    """Key of a subject's feature table."""
    return f"{subject_name(subject)}/features.parquet"


def rejected_keys(key: str, sha256: str) -> tuple[str, str]:
    """Keys under which a rejected object and the reason are kept.

    The hash is in the name, so a second broken file of the same subject replaces nothing.
    """
    path = PurePosixPath(REJECTED_PREFIX + key)
    aside = path.with_name(f"{path.stem}.{sha256[:12]}{path.suffix}")
    return str(aside), f"{aside}{REASON_SUFFIX}"


def subject_of(key: str) -> SubjectId | None:
    """Subject whose recording or feature table this is the key of; None for any other key."""
    match = _SUBJECT_KEY.fullmatch(key)
    subject = SubjectId(int(match[1])) if match else SubjectId(0)
    return subject if subject >= 1 and key in (recording_key(subject), features_key(subject)) else None
