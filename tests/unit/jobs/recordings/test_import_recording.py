"""What is imported is what ingest takes; what it would not take is refused at once."""

from pathlib import Path

import mne
import numpy as np
import pytest

from p300.domain import Recording, SubjectId
from p300.errors import InvalidRecording, Refused
from p300.jobs.recordings.import_recording import import_recording
from p300.jobs.recordings.ingest import ingest
from p300.store.layout import LANDING, RAW, recording_key
from p300.store.objects import ObjectStore
from p300.store.recordings import decode_recording

SEVEN = SubjectId(7)
NAMES = {"target": ["Target"], "nontarget": ["NonTarget"]}


def write_fif(path: Path, recording: Recording) -> Path:
    info = mne.create_info(list(recording.channel_names), recording.sfreq_hz, "eeg")
    raw = mne.io.RawArray(recording.samples, info, verbose="ERROR")
    onsets = np.flatnonzero(recording.stim)
    described = [("NonTarget", "Target")[code - 1] for code in recording.stim[onsets]]
    raw.set_annotations(mne.Annotations(onsets / recording.sfreq_hz, 0.0, described))
    raw.save(path, overwrite=True, verbose="ERROR")
    return path


def test_imported_recording_is_ingested(store: ObjectStore, recording: Recording, tmp_path: Path) -> None:
    where = import_recording(store, [write_fif(tmp_path / "run_raw.fif", recording)], SEVEN, **NAMES)
    assert where == f"{LANDING}/{recording_key(SEVEN)}"
    assert ingest(store).moved == [7]
    ours = decode_recording(store.get(RAW, recording_key(SEVEN)))
    np.testing.assert_array_equal(ours.stim, recording.stim)
    np.testing.assert_allclose(ours.samples, recording.samples, rtol=1e-6)
    assert (ours.channel_names, ours.sfreq_hz) == (recording.channel_names, recording.sfreq_hz)


def test_what_ingest_would_set_aside_never_lands(store: ObjectStore, recording: Recording, tmp_path: Path) -> None:
    slow = Recording(recording.samples, recording.stim, 64.0, recording.channel_names)
    with pytest.raises(InvalidRecording, match="at least 100 Hz"):
        import_recording(store, [write_fif(tmp_path / "slow_raw.fif", slow)], SEVEN, **NAMES)
    assert store.list(LANDING) == []


def test_another_recording_is_not_replaced_unasked(store: ObjectStore, recording: Recording, tmp_path: Path) -> None:
    import_recording(store, [write_fif(tmp_path / "run_raw.fif", recording)], SEVEN, **NAMES)
    louder = Recording(recording.samples * 2, recording.stim, recording.sfreq_hz, recording.channel_names)
    other = write_fif(tmp_path / "other_raw.fif", louder)
    with pytest.raises(Refused, match="--overwrite"):
        import_recording(store, [other], SEVEN, **NAMES)
    import_recording(store, [other], SEVEN, **NAMES, overwrite=True)
    np.testing.assert_allclose(
        decode_recording(store.get(LANDING, recording_key(SEVEN))).samples, louder.samples, rtol=1e-6
    )
