"""Features are made where they are missing or stale, in processes or on a cluster, and only there."""

from collections.abc import Iterator

import numpy as np
import pytest
from distributed import LocalCluster

from p300.domain import Recording, SubjectId
from p300.domain.recipe import Recipe
from p300.errors import InvalidInput, NotFound, PartialFailure, Unavailable
from p300.jobs.recordings.preprocess import preprocess
from p300.store.features import FeatureTables
from p300.store.layout import FEATURES, RAW, features_key, recording_key
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
    assert table.features.shape == (provenance.n_kept, 3 * 71)  # 91 samples at 128 Hz are 71 at 100 Hz
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
