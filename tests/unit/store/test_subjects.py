"""Recordings and feature tables survive the disk unchanged, and strange files are explained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from p300.domain import FeatureTable, SubjectId
from p300.errors import InvalidInput, NotFound
from p300.store.features import FeatureTables, decode_features, decode_provenance, encode_features
from p300.store.layout import FEATURES, features_key
from p300.store.objects import ObjectStore
from tests.builders import make_provenance

REAL_SUBJECT = Path(__file__).parents[4] / "shared/data/br41nio/subject_01/subject_01_eeg_stim.parquet"


@pytest.fixture
def table() -> FeatureTable:
    rng = np.random.default_rng(1)
    provenance = make_provenance(
        7, n_flashes=9, n_incomplete=1, n_rejected=1, rejected_by_channel={"Pz": 1}, n_target_flashes=3
    )
    return FeatureTable(
        features=rng.standard_normal((7, 140)).astype(np.float32),
        labels=np.array([1, 2, 1, 1, 2, 1, 1], dtype=np.int8),
        epochs=np.arange(1, 8, dtype=np.int32),
        onset_samples=np.arange(7, dtype=np.int64) * 30,
        provenance=provenance,
        to_volts=rng.standard_normal((2, 2)).astype(np.float32),
    )


def test_feature_table_comes_back_as_it_was(table: FeatureTable) -> None:
    data = encode_features(table)
    again = decode_features(data)
    for name in ("features", "labels", "epochs", "onset_samples", "to_volts"):
        np.testing.assert_array_equal(getattr(again, name), getattr(table, name))
    assert again.provenance == decode_provenance(data) == table.provenance
    assert again.features.dtype == np.float32


def test_damaged_feature_table_says_what_to_do(table: FeatureTable) -> None:
    with pytest.raises(InvalidInput, match="preprocess the subject again"):
        decode_features(encode_features(table)[:-40])


def test_feature_tables_are_read_by_subject_in_order(store: ObjectStore, table: FeatureTable) -> None:
    for subject in (10, 2, 100):
        own = replace(table, provenance=replace(table.provenance, raw_key=str(subject)))
        store.put(FEATURES, features_key(subject), encode_features(own))
    tables = FeatureTables(store)
    assert list(tables) == [2, 10, 100]
    assert tables[SubjectId(100)].provenance.raw_key == "100"
    assert list(FeatureTables(store, [100, 2])) == [2, 100]
    with pytest.raises(NotFound, match="subjects 3; there are features of 2, 10, 100"):
        FeatureTables(store, [2, 3])
