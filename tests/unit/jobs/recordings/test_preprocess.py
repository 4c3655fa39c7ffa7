"""Features are made where they are missing or stale, in processes or on a cluster, and only there."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import numpy as np
import pytest
from distributed import LocalCluster

from p300.domain import Recording, SubjectId
from p300.domain.recipe import Recipe
from p300.errors import InvalidInput, NotFound, PartialFailure, Unavailable
from p300.jobs.recordings.ingest import ingest
from p300.jobs.recordings.preprocess import preprocess, preprocess_subject
from p300.model.tables import stream
from p300.store.digest import sha256_of, stored_sha256
from p300.store.features import FeatureTables
from p300.store.folder import FolderStore
from p300.store.layout import FEATURES, LANDING, RAW, features_key, recording_key
from p300.store.objects import ObjectStore
from p300.store.recordings import encode_recording

RECIPE = Recipe(normalisation="none")


@pytest.fixture
def raw_store(store: ObjectStore, recording: Recording) -> ObjectStore:
    for subject in (1, 2, 3):
        store.put(RAW, recording_key(subject), encode_recording(recording))
    return store


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as running:
        yield running.scheduler_address


def test_only_what_is_missing_or_stale_is_made(raw_store: ObjectStore, recording: Recording) -> None:
    assert preprocess(raw_store, RECIPE, subjects=[1, 2]).made == [1, 2]
    again = preprocess(raw_store, RECIPE, workers=2)
    assert (again.made, again.current) == ([3], [1, 2])
    louder = Recording(recording.samples * 2, recording.stim, recording.sfreq_hz, recording.channel_names)
    raw_store.put(RAW, recording_key(2), encode_recording(louder))
    raw_store.put(FEATURES, features_key(3), b"half a table")
    assert preprocess(raw_store, RECIPE).made == [2, 3]
    assert preprocess(raw_store, Recipe(normalisation="channel")).made == [1, 2, 3]


def test_table_says_where_it_came_from(raw_store: ObjectStore, recording: Recording) -> None:
    preprocess(raw_store, RECIPE, subjects=[1])
    table = FeatureTables(raw_store)[SubjectId(1)]
    provenance = table.provenance
    assert provenance.recipe == RECIPE
    assert provenance.channel_names == recording.channel_names
    assert provenance.n_flashes == 80 == provenance.n_kept + provenance.n_rejected + provenance.n_incomplete
    assert table.features.shape == (provenance.n_kept, 3 * 80)  # 103 samples at 128 Hz are 80 at 100 Hz
    np.testing.assert_array_equal(recording.stim[table.onset_samples], table.labels)


def test_one_damaged_subject_is_named_and_the_others_are_done(raw_store: ObjectStore) -> None:
    raw_store.put(RAW, recording_key(2), b"damaged")
    ended: list[SubjectId] = []
    with pytest.raises(PartialFailure, match="subject_02: the file does not parse as Parquet") as failure:
        preprocess(raw_store, RECIPE, on_done=ended.append)
    assert list(failure.value.reasons) == ["subject_02"]
    assert sorted(ended) == [1, 2, 3]
    assert list(FeatureTables(raw_store)) == [1, 3]


def test_unknown_subject_and_no_workers_are_refused(raw_store: ObjectStore) -> None:
    with pytest.raises(NotFound, match="subjects 7, 9; there are 1, 2, 3"):
        preprocess(raw_store, RECIPE, subjects=[1, 7, 9])
    with pytest.raises(InvalidInput, match="workers is 0"):
        preprocess(raw_store, RECIPE, workers=0)


def test_cluster_gives_the_same_tables(raw_store: ObjectStore, cluster: str) -> None:
    assert preprocess(raw_store, RECIPE).made == [1, 2, 3]
    here = [raw_store.get(FEATURES, features_key(subject)) for subject in (1, 2, 3)]
    for subject in (1, 2, 3):
        raw_store.delete(FEATURES, features_key(subject))
    raw_store.put(RAW, recording_key(4), b"damaged")
    with pytest.raises(PartialFailure, match="subject_04"):
        preprocess(raw_store, RECIPE, scheduler=cluster)
    assert [raw_store.get(FEATURES, features_key(subject)) for subject in (1, 2, 3)] == here


def test_no_scheduler_is_said(raw_store: ObjectStore) -> None:
    with pytest.raises(Unavailable, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        preprocess(raw_store, RECIPE, scheduler="tcp://127.0.0.1:9")


def test_a_recording_replaced_while_it_is_worked_on_is_done_again(
    raw_store: ObjectStore, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    louder = encode_recording(replace(recording, samples=np.asarray(recording.samples) * 2))
    put = FolderStore.put

    def overtaken(store: FolderStore, bucket: str, key: str, data: bytes | BinaryIO) -> None:
        if bucket == FEATURES:
            monkeypatch.setattr(FolderStore, "put", put)
            put(store, RAW, recording_key(1), louder)
        put(store, bucket, key, data)

    monkeypatch.setattr(FolderStore, "put", overtaken)
    assert preprocess_subject(raw_store.url, SubjectId(1), RECIPE) == "made"
    provenance = FeatureTables(raw_store)[SubjectId(1)].provenance
    assert provenance.raw_sha256 == stored_sha256(raw_store, RAW, recording_key(1)) == sha256_of(louder)


def test_a_recording_removed_while_it_is_worked_on_leaves_no_features(
    raw_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = FolderStore.put

    def overtaken(store: FolderStore, bucket: str, key: str, data: bytes | BinaryIO) -> None:
        store.delete(RAW, recording_key(1))
        put(store, bucket, key, data)

    monkeypatch.setattr(FolderStore, "put", overtaken)
    with pytest.raises(NotFound, match=f"there is no {recording_key(1)}"):
        preprocess_subject(raw_store.url, SubjectId(1), RECIPE)
    assert raw_store.list(FEATURES) == []


def test_a_replaced_subject_with_another_montage_is_not_trained_on_with_the_others(
    raw_store: ObjectStore, recording: Recording
) -> None:
    preprocess(raw_store, RECIPE)
    other = replace(recording, channel_names=("Fz", "Cz", "Pz"))
    raw_store.put(LANDING, recording_key(2), encode_recording(other))
    assert ingest(raw_store, replace=True).moved == [2]
    assert list(FeatureTables(raw_store)) == [1, 3], "its features went with the recording they were made of"
    assert preprocess(raw_store, RECIPE).made == [2]
    with pytest.raises(
        InvalidInput, match="subject_02 does not match subject_01: channels Fz, Cz, Pz against Cz, Pz, Oz"
    ):
        list(stream(FeatureTables(raw_store)))
