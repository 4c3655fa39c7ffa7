"""Jobs that are killed at random moments, beside another of their kind: nothing is lost, doubled or half-written.

``P300_TEST_KILLS=200`` kills each job so often.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from p300.domain import Recipe, Recording, SubjectId
from p300.jobs.recordings.preprocess import preprocess
from p300.jobs.recordings.synth import synth
from p300.store.folder import FolderStore
from p300.store.layout import FEATURES, LANDING, RAW, features_key, recording_key
from p300.store.recordings import encode_recording

KILLS = int(os.environ.get("P300_TEST_KILLS", "20"))
SCRIPT = Path(__file__).with_name("killing.py")
SUBJECTS = (1, 2, 3)


@pytest.fixture(scope="module")
def recordings(evoked_recording: Callable[[int], Recording]) -> dict[int, bytes]:
    return {subject: encode_recording(evoked_recording(subject)) for subject in SUBJECTS}


def _kill(job: str, root: Path) -> list[FolderStore]:
    """The stores in which a job was killed, with another beside it, and was done again."""
    command = [sys.executable, "-W", "ignore", str(SCRIPT), job, str(root), "1"]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    assert len(lines) == KILLS
    n_killed = 0
    for line in lines:
        name, killed, other, again = line.split()
        assert (other, again) == ("0", "0"), f"{job} in {name} beside one that was killed, and after it"
        n_killed += killed == "True"
    assert n_killed > KILLS / 4, "most came to their end before they were killed: nothing was tried"
    stores = [FolderStore(root / line.split()[0]) for line in lines]
    for store in stores:
        assert not list(store.root.rglob(".*")), "drafts of the dead are swept away"
    return stores


def test_killed_ingests_lose_and_double_nothing(tmp_path: Path, recordings: dict[int, bytes]) -> None:
    for number in range(KILLS):
        store = FolderStore(tmp_path / f"{number:03}")
        for subject, data in recordings.items():
            store.put(LANDING, recording_key(subject), data)
        store.put(LANDING, recording_key(4), b"not parquet")
    for store in _kill("ingest", tmp_path):
        assert store.list(RAW) == [recording_key(subject) for subject in SUBJECTS]
        assert {subject: store.get(RAW, recording_key(subject)) for subject in SUBJECTS} == recordings
        assert len(store.list(LANDING)) == len(store.list(LANDING, "rejected/")) == 2


def test_killed_preprocessing_leaves_whole_tables(tmp_path: Path, recordings: dict[int, bytes]) -> None:
    for name in ("unkilled", *(f"stores/{number:03}" for number in range(KILLS))):
        for subject, data in recordings.items():
            FolderStore(tmp_path / name).put(RAW, recording_key(subject), data)
    unkilled = FolderStore(tmp_path / "unkilled")
    preprocess(unkilled, Recipe(normalisation="none"))
    tables = {features_key(subject): unkilled.get(FEATURES, features_key(subject)) for subject in SUBJECTS}
    for store in _kill("preprocess", tmp_path / "stores"):
        assert {key: store.get(FEATURES, key) for key in store.list(FEATURES)} == tables


def test_killed_synth_leaves_whole_recordings(tmp_path: Path) -> None:
    for number in range(KILLS):
        FolderStore(tmp_path / "stores" / f"{number:03}").make_bucket(LANDING)
    unkilled = FolderStore(tmp_path / "unkilled")
    synth(unkilled, [SubjectId(1)])
    whole = unkilled.get(LANDING, recording_key(1))
    for store in _kill("synth", tmp_path / "stores"):
        assert store.list(LANDING) == [recording_key(1)]
        assert store.get(LANDING, recording_key(1)) == whole
