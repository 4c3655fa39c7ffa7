"""Synthetic subjects arrive where they were asked for, the same whoever makes them."""

from pathlib import Path

import pytest

from p300.domain import SubjectId
from p300.errors import InvalidInput, PartialFailure
from p300.jobs.recordings.synth import synth
from p300.store.layout import LANDING, recording_key
from p300.store.objects import ObjectStore
from p300.store.recordings import decode_recording
from p300.store.subjects import stored_subjects

ONE, TWO, THREE = (SubjectId(number) for number in (1, 2, 3))


def test_subjects_land_and_processes_change_nothing(store: ObjectStore, tmp_path: Path) -> None:
    done: list[SubjectId] = []
    synth(store, [ONE, TWO, THREE], workers=2, on_done=done.append)
    assert stored_subjects(store, LANDING) == sorted(done) == [1, 2, 3]
    assert decode_recording(store.get(LANDING, recording_key(THREE))).samples.shape[0] == 16

    folder = tmp_path / "data"
    synth(folder, [THREE])
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()] == [recording_key(3)]
    assert (folder / recording_key(THREE)).read_bytes() == store.get(LANDING, recording_key(THREE))


def test_recording_that_is_there_is_kept_unless_told_otherwise(store: ObjectStore) -> None:
    synth(store, [ONE])
    first = store.get(LANDING, recording_key(ONE))
    synth(store, [ONE])
    with pytest.raises(PartialFailure, match="subject_01: there is another recording .*--overwrite"):
        synth(store, [ONE, TWO], seed=5)
    assert store.get(LANDING, recording_key(ONE)) == first
    assert store.exists(LANDING, recording_key(TWO)), "the others are made"
    synth(store, [ONE], seed=5, overwrite=True)
    assert store.get(LANDING, recording_key(ONE)) != first


def test_no_workers_make_nothing(store: ObjectStore) -> None:
    with pytest.raises(InvalidInput, match="workers is 0"):
        synth(store, [ONE], workers=0)
