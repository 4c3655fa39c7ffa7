"""The real recordings that accuracy is measured on: whole sets, read in place."""

from functools import cache
from pathlib import Path

from p300.domain import FeatureTable, Recipe, Recording, SubjectId
from p300.eeg.features import extract_features
from p300.errors import InvalidRecording
from p300.store.recordings import decode_recording

FOLDER = Path(__file__).parents[1].parent / "shared" / "data"
SETS = ("br41nio", "gtn", "comp2b", "bnci")


def subjects_of(name: str) -> list[SubjectId]:
    """Everybody in a set."""
    return sorted(SubjectId(int(folder.name.removeprefix("subject_"))) for folder in (FOLDER / name).glob("subject_*"))


@cache
def recording_of(name: str, subject: SubjectId) -> Recording:
    """One person's recording."""
    stem = f"subject_{subject:02d}"
    return decode_recording((FOLDER / name / stem / f"{stem}_eeg_stim.parquet").read_bytes())


def tables_of(name: str, recipe: Recipe) -> dict[SubjectId, FeatureTable]:
    """What a recipe makes of each recording of a set; of those that it refuses, nothing."""
    tables = {}
    for subject in subjects_of(name):
        try:
            tables[subject] = extract_features(recording_of(name, subject), recipe)
        except InvalidRecording:
            continue
    return tables
