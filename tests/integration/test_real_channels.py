"""Every real recording is usable, and one whose electrode came loose nearly as good as before."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from p300.domain import FeatureTable, Recipe, Recording, SubjectId
from p300.eeg.artifacts import MOST_REJECTED
from p300.eeg.features import extract_features
from p300.model.candidates import candidate
from p300.model.validation import validate
from p300.store.recordings import decode_recording

DATA = Path(__file__).parents[2].parent / "shared" / "data"
RECIPE = Recipe()

# It looks bad to a person too: a drift that the others do not have.
BAD = {("bnci", 3): {"P4"}}

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the real recordings are not in {DATA}"),
]


def _recordings(folder: str) -> dict[SubjectId, Recording]:
    paths = sorted((DATA / folder).glob("subject_*/*.parquet"))
    return {SubjectId(int(path.parent.name[-2:])): decode_recording(path.read_bytes()) for path in paths}


@pytest.mark.parametrize(("folder", "n_subjects"), [("br41nio", 5), ("bnci", 3), ("gtn", 21), ("comp2b", 3)])
def test_every_subject_is_usable_and_only_bad_channels_are_repaired(folder: str, n_subjects: int) -> None:
    recordings = _recordings(folder)
    assert len(recordings) == n_subjects
    for subject, recording in recordings.items():
        origin = extract_features(recording, RECIPE).provenance
        assert {each.name for each in origin.bad_channels} == BAD.get((folder, subject), set())
        assert origin.n_rejected <= MOST_REJECTED * origin.n_flashes


def _loosen(recording: Recording, subject: SubjectId) -> tuple[Recording, str]:
    """One channel, another for each subject, records a drift in the place of the brain."""
    rng = np.random.default_rng(subject)
    channel = (3 * subject) % len(recording.channel_names)
    samples = np.stack(list(recording.samples))
    samples[channel] = 1e-6 * np.cumsum(rng.standard_normal(samples.shape[1]))
    return replace(recording, samples=samples), recording.channel_names[channel]


def test_a_loose_electrode_is_found_and_its_repair_helps() -> None:
    repaired: dict[SubjectId, FeatureTable] = {}
    kept: dict[SubjectId, FeatureTable] = {}
    for subject, recording in _recordings("br41nio").items():
        loose, name = _loosen(recording, subject)
        repaired[subject] = extract_features(loose, RECIPE)
        kept[subject] = extract_features(loose, replace(RECIPE, bad_channels="keep"))
        found = {each.name for each in repaired[subject].provenance.bad_channels}
        assert found == {name} | BAD.get(("br41nio", subject), set())
    lda = candidate("lda")
    assert validate(lda, repaired).mean_auc > validate(lda, kept).mean_auc + 0.015  # .830 against .801
