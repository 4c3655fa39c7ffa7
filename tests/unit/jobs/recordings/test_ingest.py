"""Recordings reach the raw data whole and once, whatever happens on the way."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from p300.domain import Recording
from p300.errors import NotFound
from p300.jobs.recordings.ingest import ingest, land, reason_of, rejections
from p300.store.folder import FolderStore
from p300.store.layout import FEATURES, LANDING, RAW, features_key, recording_key
from p300.store.objects import ObjectStore, open_store
from p300.store.recordings import encode_recording
from p300.store.subjects import stored_subjects


@pytest.fixture(scope="module")
def recordings(evoked_recording: Callable[[int], Recording]) -> dict[int, bytes]:
    """Parquet of three people, by subject."""
    return {subject: encode_recording(evoked_recording(subject)) for subject in (1, 2, 3)}


def _land_four(store: ObjectStore, recordings: dict[int, bytes]) -> None:
    for subject, data in recordings.items():
        store.put(LANDING, recording_key(subject), data)
    store.put(LANDING, recording_key(4), b"not parquet")


def _write(folder: Path, recordings: dict[int, bytes]) -> Path:
    for subject, data in recordings.items():
        path = folder / recording_key(subject)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_batch_is_moved_and_the_broken_file_set_aside(store: ObjectStore, recordings: dict[int, bytes]) -> None:
    _land_four(store, recordings)
    done = ingest(store, batch_size=2)
    assert done.moved == [1, 2, 3]
    assert list(done.rejected) == [recording_key(4)]
    assert stored_subjects(store, RAW) == [1, 2, 3]
    (rejection,) = rejections(store)
    assert store.get(LANDING, rejection) == b"not parquet"
    assert reason_of(store, rejection) == done.rejected[recording_key(4)]
    assert ingest(store).moved == []


def test_killed_at_every_step_nothing_is_lost_or_doubled(tmp_path: Path, recordings: dict[int, bytes]) -> None:
    cases = [f"{step}-{moment}" for step in range(1, 12) for moment in ("before", "after")]
    for case in cases:
        _land_four(open_store(str(tmp_path / case)), recordings)
    script = [sys.executable, str(Path(__file__).with_name("dying_ingest.py")), str(tmp_path)]
    died = subprocess.run(script, check=True, capture_output=True, text=True).stdout.split()
    assert sorted(died) == sorted(cases[:18]), "ingesting these four takes nine changes"
    for case in cases:
        store = open_store(str(tmp_path / case))
        ingest(store, batch_size=2)
        assert stored_subjects(store, RAW) == [1, 2, 3], case
        assert all(store.get(RAW, recording_key(subject)) == data for subject, data in recordings.items()), case
        assert len(store.list(LANDING)) == 2, case


def test_two_ingests_at_once_both_succeed_and_move_each_once(store: ObjectStore, recordings: dict[int, bytes]) -> None:
    for _ in range(10):
        _land_four(store, recordings)
        with ThreadPoolExecutor(2) as pool:
            both = list(pool.map(lambda _: ingest(store, batch_size=1), range(2)))
        assert sorted(both[0].moved + both[1].moved) == [1, 2, 3]
        assert {*both[0].rejected, *both[1].rejected} == {recording_key(4)}
        assert {subject: store.get(RAW, recording_key(subject)) for subject in (1, 2, 3)} == recordings
        assert len(store.list(LANDING)) == 2
        assert store.erase(RAW, "") == 3


def test_the_same_bytes_under_two_numbers_are_refused(store: ObjectStore, recordings: dict[int, bytes]) -> None:
    for subject in (1, 7):
        store.put(LANDING, recording_key(subject), recordings[1])
    done = ingest(store)
    assert done.moved == [1]
    assert "the very bytes of subject_01's recording" in done.rejected[recording_key(7)]
    assert "p300 forget 1" in done.rejected[recording_key(7)]


def test_a_wrong_number_is_put_right_by_forgetting_it(
    store: ObjectStore, tmp_path: Path, recordings: dict[int, bytes]
) -> None:
    store.put(LANDING, recording_key(1), recordings[1])
    store.put(LANDING, recording_key(7), recordings[1])
    ingest(store)
    source = _write(tmp_path / "source", {7: recordings[1]})
    assert land(source, store).subjects == [], "it would be refused again"
    store.erase(RAW, "subject_01/")
    assert land(source, store).subjects == [7]
    assert ingest(store).moved == [7]
    assert rejections(store) == [], "what is good now is no longer set aside"


def test_a_replaced_recording_arrives_and_its_features_are_gone(
    store: ObjectStore, tmp_path: Path, recordings: dict[int, bytes]
) -> None:
    for subject in (1, 2):
        store.put(RAW, recording_key(subject), recordings[subject])
        store.put(FEATURES, features_key(subject), b"features of what is there")
    source = _write(tmp_path / "source", {1: recordings[3], 2: recordings[2]})
    assert land(source, store).subjects == []
    assert land(source, store, replace=True).subjects == [1], "the other is as it was"
    assert ingest(store, replace=True).moved == [1]
    assert store.get(RAW, recording_key(1)) == recordings[3]
    assert store.list(FEATURES) == [features_key(2)]
    assert land(source, store, replace=True).subjects == []


def test_a_recording_that_needed_a_word_arrives_with_it(
    store: ObjectStore, tmp_path: Path, recordings: dict[int, bytes]
) -> None:
    store.put(RAW, recording_key(1), recordings[1])
    store.put(LANDING, recording_key(1), recordings[2])
    assert "--replace" in ingest(store).rejected[recording_key(1)]
    source = _write(tmp_path / "source", {1: recordings[2]})
    assert land(source, store, replace=True).subjects == [1]
    assert ingest(store, replace=True).moved == [1]
    assert store.get(RAW, recording_key(1)) == recordings[2]


def test_what_comes_to_the_landing_zone_meanwhile_stays_there(store: ObjectStore, recordings: dict[int, bytes]) -> None:
    """Somebody delivers another recording while the first is being copied."""
    store.put(LANDING, recording_key(1), recordings[1])

    class Overtaken(FolderStore):
        def put_new(self, bucket: str, key: str, data: bytes | BinaryIO) -> bool:
            store.put(LANDING, recording_key(1), recordings[2])
            return super().put_new(bucket, key, data)

    assert ingest(Overtaken(store.url)).moved == []
    assert store.get(RAW, recording_key(1)) == recordings[1]
    assert store.get(LANDING, recording_key(1)) == recordings[2]


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


def test_next_batch_of_a_folder_lands(store: ObjectStore, tmp_path: Path, recordings: dict[int, bytes]) -> None:
    source = _write(tmp_path / "data", recordings | {2: b"broken"})
    assert land(source, store, batch_size=2).subjects == [1, 2]
    assert ingest(store).moved == [1]
    assert land(source, store, batch_size=2).subjects == [3]
    assert land(source, store, batch_size=2).subjects == []
    with pytest.raises(NotFound, match="there is no folder"):
        land(tmp_path / "nothing", store)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="there are no recordings in .*empty"):
        land(tmp_path / "empty", store)


def test_one_odd_file_does_not_stop_the_others(
    store: ObjectStore, tmp_path: Path, recordings: dict[int, bytes]
) -> None:
    source = _write(tmp_path / "source", recordings)
    # A folder in its place: to read it fails even for root, whom no mode stops.
    (source / recording_key(4)).mkdir(parents=True)
    (source / "subject_5").mkdir()
    landed = land(source, store)
    assert landed.subjects == [1, 2, 3]
    assert sorted(landed.problems) == [recording_key(4), "subject_5"]
    assert landed.problems[recording_key(4)].startswith("cannot be read: it is a folder")
    assert ingest(store).moved == [1, 2, 3]
