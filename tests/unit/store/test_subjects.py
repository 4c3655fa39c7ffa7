"""Recordings and feature tables survive the disk unchanged, and strange files are explained."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from p300.domain import FeatureTable, Recording, SubjectId
from p300.errors import InvalidInput, NotFound
from p300.store.features import FeatureTables, decode_features, decode_provenance, encode_features
from p300.store.layout import FEATURES, features_key
from p300.store.objects import ObjectStore
from p300.store.recordings import decode_recording, encode_recording
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


def test_recording_comes_back_as_it_was(recording: Recording) -> None:
    again = decode_recording(encode_recording(recording))
    np.testing.assert_allclose(again.samples, recording.samples, rtol=3e-7)
    np.testing.assert_array_equal(again.stim, recording.stim)
    assert (again.sfreq_hz, again.channel_names) == (128.0, ("Cz", "Pz", "Oz"))


def test_file_without_metadata_is_microvolts_at_512_hz() -> None:
    frame = pd.DataFrame({"eeg_ch1": [1.0, 2.0, 4.0], "eeg_ch2": [0.0, -2.0, 1.0], "stim": [0.0, 1.0, 2.0]})
    sink = io.BytesIO()
    frame.to_parquet(sink)
    recording = decode_recording(sink.getvalue())
    assert (recording.sfreq_hz, recording.channel_names) == (512.0, ("eeg_ch1", "eeg_ch2"))
    np.testing.assert_allclose(recording.samples, [[1e-6, 2e-6, 4e-6], [0, -2e-6, 1e-6]], rtol=1e-6)
    np.testing.assert_array_equal(recording.stim, [0, 1, 2])


@pytest.mark.realdata
@pytest.mark.skipif(not REAL_SUBJECT.exists(), reason="the real recordings are not in ../shared/data/br41nio")
def test_real_recording_reads() -> None:
    recording = decode_recording(REAL_SUBJECT.read_bytes())
    assert recording.samples.shape == (8, 60871)
    assert recording.channel_names[4] == "Pz"
    assert np.bincount(recording.stim).tolist() == [59671, 1050, 150]


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
