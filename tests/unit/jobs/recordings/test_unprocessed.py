from collections.abc import Callable
from dataclasses import replace

import pytest

from p300.domain import Recording
from p300.domain.recipe import Recipe
from p300.jobs.recordings.ingest import ingest
from p300.jobs.recordings.preprocess import preprocess
from p300.jobs.recordings.unprocessed import unprocessed_subjects
from p300.store.layout import FEATURES, LANDING, RAW, features_key, recording_key
from p300.store.objects import ObjectStore
from p300.store.recordings import encode_recording

RECIPE = Recipe()


@pytest.fixture
def raw(store: ObjectStore, evoked_recording: Callable[[int], Recording]) -> ObjectStore:
    """A store with the raw data of subjects 1, 2 and 10, of which 2 is processed."""
    for subject in (1, 2, 10):
        store.put(RAW, recording_key(subject), encode_recording(evoked_recording(subject)))
    preprocess(store, RECIPE, subjects=[2])
    return store


def test_those_without_features_in_id_order(raw: ObjectStore) -> None:
    assert unprocessed_subjects(raw, RECIPE) == [1, 10]


def test_another_recipe_makes_all_of_them_stale(raw: ObjectStore) -> None:
    assert unprocessed_subjects(raw, replace(RECIPE, band_hz=(0.5, 12.0))) == [1, 2, 10]


def test_a_damaged_feature_table_counts_as_none(raw: ObjectStore) -> None:
    raw.put(FEATURES, features_key(2), b"half a table")
    assert unprocessed_subjects(raw, RECIPE) == [1, 2, 10]


def test_nothing_in_an_empty_store(store: ObjectStore) -> None:
    assert unprocessed_subjects(store, RECIPE) == []


def test_a_recording_that_was_replaced_is_noticed(
    raw: ObjectStore, evoked_recording: Callable[[int], Recording]
) -> None:
    preprocess(raw, RECIPE)
    assert unprocessed_subjects(raw, RECIPE) == []
    raw.put(RAW, recording_key(2), raw.get(RAW, recording_key(2)))
    assert unprocessed_subjects(raw, RECIPE) == [], "put again, and the same"
    raw.put(RAW, recording_key(2), encode_recording(evoked_recording(22)))
    assert unprocessed_subjects(raw, RECIPE) == [2]
    preprocess(raw, RECIPE)
    assert unprocessed_subjects(raw, RECIPE) == []
    raw.put(LANDING, recording_key(10), encode_recording(evoked_recording(23)))
    assert ingest(raw, replace=True).moved == [10]
    assert unprocessed_subjects(raw, RECIPE) == [10]
