"""From a folder of recordings to feature tables on a real S3 server, each step with its own service's key."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from p300.domain import Recording, SubjectId
from p300.domain.recipe import Recipe
from p300.errors import Refused
from p300.jobs.recordings.ingest import ingest, land
from p300.jobs.recordings.preprocess import preprocess, preprocess_subject
from p300.store.features import FeatureTables
from p300.store.layout import FEATURES, LANDING, RAW, features_key, recording_key
from p300.store.recordings import encode_recording
from p300.store.s3 import S3Store

OpenAs = Callable[[str], S3Store]
RECIPE = Recipe()


@pytest.fixture
def source(tmp_path: Path, recording: Recording, evoked_recording: Callable[[int], Recording]) -> Path:
    for subject, data in {
        1: encode_recording(recording),
        2: b"broken",
        3: encode_recording(evoked_recording(3)),
    }.items():
        path = tmp_path / "source" / recording_key(SubjectId(subject))
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    return tmp_path / "source"


def test_recordings_become_features_with_a_key_for_each_step(source: Path, open_as: OpenAs) -> None:
    airflow = open_as("p300-airflow")
    assert land(source, airflow).subjects == [1, 2, 3]
    done = ingest(airflow)
    assert (done.moved, list(done.rejected)) == ([1, 3], [recording_key(SubjectId(2))])
    assert airflow.list(RAW) == [recording_key(SubjectId(1)), recording_key(SubjectId(3))]
    assert all(key.startswith("rejected/") for key in airflow.list(LANDING))
    assert land(source, airflow).subjects == []

    preprocessing = open_as("p300-preprocessing")
    assert preprocess_subject("s3://", SubjectId(1), RECIPE) == "made"
    done_now = preprocess(preprocessing, RECIPE)
    assert (done_now.made, done_now.current) == ([3], [1])
    with pytest.raises(Refused, match=f"s3:PutObject on {RAW}"):
        preprocessing.put(RAW, "object", b"x")

    tables = FeatureTables(open_as("p300-training"))
    assert list(tables) == [1, 3]
    assert tables[SubjectId(1)].provenance.raw_key == recording_key(SubjectId(1))
    assert open_as("p300-airflow").list(FEATURES) == [features_key(SubjectId(1)), features_key(SubjectId(3))]


def test_replaced_recording_keeps_its_older_version(
    source: Path, recording: Recording, open_as: OpenAs, s3: Any
) -> None:
    airflow = open_as("p300-airflow")
    land(source, airflow)
    ingest(airflow)
    key = recording_key(SubjectId(1))
    first = airflow.get(RAW, key)
    open_as("p300-preprocessing")
    preprocess_subject("s3://", SubjectId(1), RECIPE)
    second = encode_recording(replace(recording, samples=2 * recording.samples))
    (source / key).write_bytes(second)
    assert land(source, airflow, replace=True).subjects == [1]
    assert ingest(airflow, replace=True).moved == [1]
    assert airflow.list(FEATURES) == [], "nobody trains on features of what is gone"
    versions = {
        version.is_latest: version.get()["Body"].read() for version in s3.Bucket(RAW).object_versions.filter(Prefix=key)
    }
    assert versions == {True: second, False: first}
