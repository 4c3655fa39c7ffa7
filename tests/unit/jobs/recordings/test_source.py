"""Of a folder of subject files every recording is found, and whatever looks like one and is none is named."""

import os
from pathlib import Path

import pytest

from p300.errors import NotFound
from p300.jobs.recordings.source import survey
from p300.store.layout import recording_key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One good subject, and what may lie about in any folder."""
    _write(tmp_path / recording_key(1))
    (tmp_path / "README.md").write_text("how to get more")
    (tmp_path / "subjects.csv").write_text("1,f,23")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "subject_09").mkdir()
    return tmp_path


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a recording")


def test_what_has_nothing_to_do_with_subjects_is_passed_over(folder: Path) -> None:
    found = survey(folder)
    assert found.recordings == {1: folder / recording_key(1)}
    assert found.problems == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("subject_2", "call it subject_02"),
        ("subject_002", "call it subject_02"),
        ("Subject_02", "call it subject_02"),
        ("SUBJECT 2", "call it subject_02"),
        ("subject-02", "call it subject_02"),
        ("subject_\u0660\u0662", "call it subject_02"),  # Arabic digits
        ("subject_00", "counted from 1"),
        ("subject_two", "is no subject's name"),
        ("subject_02_old", "is no subject's name"),
    ],
)
def test_a_subject_that_is_not_written_so_is_named(folder: Path, name: str, said: str) -> None:
    _write(folder / name / f"{name}_eeg_stim.parquet")
    found = survey(folder)
    assert list(found.recordings) == [1]
    assert list(found.problems) == [name]
    assert said in found.problems[name]


def test_of_folders_that_mean_one_subject_none_is_taken(folder: Path) -> None:
    for name in ("subject_1", "subject_001"):
        _write(folder / name / f"{name}_eeg_stim.parquet")
    _write(folder / recording_key(2))
    found = survey(folder)
    assert list(found.recordings) == [2]
    assert found.problems["subject_01"] == (
        "means subject 1, as subject_001 and subject_1 does: none of them is taken; keep one, called subject_01"
    )
    assert sorted(found.problems) == ["subject_001", "subject_01", "subject_1"]


def test_what_cannot_be_read_as_a_file_is_named_and_never_opened(folder: Path) -> None:
    for subject in (2, 3, 4, 5, 6, 7):
        (folder / recording_key(subject)).parent.mkdir()
    (folder / recording_key(2)).mkdir()
    (folder / recording_key(3)).symlink_to("nothing")
    (folder / recording_key(4)).symlink_to((folder / recording_key(4)).name)
    os.mkfifo(folder / recording_key(5))
    _write(folder / "subject_06" / "subject_07_eeg_stim.parquet")
    (folder / recording_key(7)).symlink_to(folder / recording_key(1))  # to a file: fine
    found = survey(folder)
    assert list(found.recordings) == [1, 7]
    assert found.problems == {
        recording_key(2): "cannot be read: it is a folder, expected a file",
        recording_key(3): "cannot be read: it is a link that leads nowhere",
        recording_key(4): "cannot be read: it is a link that leads nowhere",
        recording_key(5): "cannot be read: it is no regular file",
        recording_key(6): "is missing: there is subject_07_eeg_stim.parquet in its place",
    }


def test_recordings_beside_the_folders_and_links_to_nowhere_are_named(folder: Path) -> None:
    (folder / "x.parquet").mkdir()
    (folder / "subject_03.parquet").write_bytes(b"a recording")
    (folder / "subject_04").symlink_to("subject_04")
    found = survey(folder)
    assert list(found.recordings) == [1]
    assert found.problems == {
        "subject_03.parquet": f"is no subject's folder: expected {recording_key(1)} and the like",
        "subject_04": "is a link that leads nowhere",
        "x.parquet": f"is no subject's folder: expected {recording_key(1)} and the like",
    }


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no folder .*nowhere"):
        survey(tmp_path / "nowhere")
