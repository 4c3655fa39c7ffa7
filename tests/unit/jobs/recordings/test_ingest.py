"""Recordings reach the raw data whole and once, whatever happens on the way."""

import subprocess
import sys
from pathlib import Path

import pytest

from p300.domain import Recording
from p300.errors import InvalidInput, NotFound
from p300.jobs.recordings.ingest import ingest, land, reason_of, rejections
from p300.store.layout import LANDING, RAW, recording_key
from p300.store.objects import ObjectStore, open_store
from p300.store.recordings import encode_recording
from p300.store.subjects import stored_subjects


@pytest.fixture
def recording_bytes(recording: Recording) -> bytes:
    return encode_recording(recording)


def _land_four(store: ObjectStore, recording_bytes: bytes) -> None:
    for subject in (1, 2, 3):
        store.put(LANDING, recording_key(subject), recording_bytes)
    store.put(LANDING, recording_key(4), b"not parquet")


def test_batch_is_moved_and_the_broken_file_set_aside(store: ObjectStore, recording_bytes: bytes) -> None:
    _land_four(store, recording_bytes)
    done = ingest(store, batch_size=2)
    assert done.moved == [1, 2, 3]
    assert list(done.rejected) == [recording_key(4)]
    assert stored_subjects(store, RAW) == [1, 2, 3]
    (rejection,) = rejections(store)
    assert store.get(LANDING, rejection) == b"not parquet"
    assert reason_of(store, rejection) == done.rejected[recording_key(4)]
    assert ingest(store).moved == []


def test_killed_at_every_step_nothing_is_lost_or_doubled(tmp_path: Path, recording_bytes: bytes) -> None:
    cases = [f"{step}-{moment}" for step in range(1, 12) for moment in ("before", "after")]
    for case in cases:
        _land_four(open_store(str(tmp_path / case)), recording_bytes)
    script = [sys.executable, str(Path(__file__).with_name("dying_ingest.py")), str(tmp_path)]
    died = subprocess.run(script, check=True, capture_output=True, text=True).stdout.split()
    assert sorted(died) == sorted(cases[:18]), "ingesting these four takes nine changes"
    for case in cases:
        store = open_store(str(tmp_path / case))
        ingest(store, batch_size=2)
        assert stored_subjects(store, RAW) == [1, 2, 3], case
        assert all(store.get(RAW, recording_key(subject)) == recording_bytes for subject in (1, 2, 3)), case
        assert len(store.list(LANDING)) == 2, case


def test_another_recording_of_a_subject_needs_a_word(store: ObjectStore, recording: Recording) -> None:
    first = encode_recording(recording)
    second = encode_recording(Recording(recording.samples * 2, recording.stim, 128.0, recording.channel_names))
    store.put(LANDING, recording_key(1), first)
    ingest(store)
    store.put(LANDING, recording_key(1), second)
    assert "ingest with --replace" in ingest(store).rejected[recording_key(1)]
    assert store.get(RAW, recording_key(1)) == first
    store.put(LANDING, recording_key(1), second)
    assert ingest(store, replace=True).moved == [1]
    assert store.get(RAW, recording_key(1)) == second


def test_next_batch_of_a_folder_lands(store: ObjectStore, tmp_path: Path, recording_bytes: bytes) -> None:
    for subject in (1, 2, 3):
        path = tmp_path / "data" / recording_key(subject)
        path.parent.mkdir(parents=True)
        path.write_bytes(recording_bytes if subject != 2 else b"broken")
    assert land(tmp_path / "data", store, batch_size=2) == [1, 2]
    assert ingest(store).moved == [1]
    assert land(tmp_path / "data", store, batch_size=2) == [3]
    assert land(tmp_path / "data", store, batch_size=2) == []
    with pytest.raises(NotFound, match="there is no folder"):
        land(tmp_path / "nothing", store)


def test_a_recording_that_may_not_be_read_is_named(store: ObjectStore, tmp_path: Path) -> None:
    # A folder in its place: to read it fails even for root, whom no mode stops.
    (tmp_path / "source" / recording_key(1)).mkdir(parents=True)
    with pytest.raises(InvalidInput, match=r"subject_01_eeg_stim\.parquet cannot be read"):
        land(tmp_path / "source", store)
    assert store.list(LANDING) == []
