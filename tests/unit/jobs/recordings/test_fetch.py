"""What MOABB gives becomes our recording; nothing is downloaded here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import mne
import numpy as np
import pytest

from p300.domain import Recording
from p300.errors import InvalidRecording, Unavailable
from p300.jobs.recordings.fetch import fetch, recording_of


@dataclass
class Published:
    """A dataset as MOABB's are: runs in sessions, with a stim channel and annotations made of it."""

    runs: list[mne.io.RawArray]
    interval: tuple[float, float] = (0.0, 1.0)
    unit_factor: float = 1e6
    code: str = "BrainInvaders2014a"
    paradigm: str = "p300"
    subject_list: list[int] = field(default_factory=lambda: [1, 2])

    def get_data(self, subjects: list[int]) -> Mapping[int, Mapping[str, Mapping[str, mne.io.BaseRaw]]]:
        if not self.runs:
            raise ConnectionError("Max retries exceeded\nwith url: /record/3266223")
        return {subject: {"0": {str(number): run for number, run in enumerate(self.runs)}} for subject in subjects}


def as_moabb(recording: Recording, shift_s: float = 0.0, scale: float = 1.0) -> mne.io.RawArray:
    """Like SetRawAnnotations of moabb.datasets.preprocessing leaves it."""
    info = mne.create_info([*recording.channel_names, "stim"], recording.sfreq_hz, ["eeg"] * 3 + ["stim"])
    raw = mne.io.RawArray(np.vstack([recording.samples * scale, recording.stim]), info, verbose="ERROR")
    events = mne.find_events(raw, shortest_event=0, verbose="ERROR")
    events[:, 0] += int(shift_s * recording.sfreq_hz)
    annotations = mne.annotations_from_events(events, recording.sfreq_hz, {1: "NonTarget", 2: "Target"}, verbose=False)
    return raw.set_annotations(annotations.set_durations(1.0))


def test_runs_become_one_recording(recording: Recording) -> None:
    ours = recording_of(Published([as_moabb(recording), as_moabb(recording)]), 1)
    assert ours.channel_names == recording.channel_names
    assert ours.sfreq_hz == recording.sfreq_hz
    n_samples = len(recording.stim)
    np.testing.assert_array_equal(ours.stim, np.tile(recording.stim, 2))
    np.testing.assert_allclose(ours.samples[:, :n_samples], recording.samples, rtol=1e-6)


def test_epochs_that_begin_after_the_flash_and_other_units_are_put_right(recording: Recording) -> None:
    microvolts = as_moabb(recording, shift_s=0.25, scale=1e6)
    ours = recording_of(Published([microvolts], interval=(0.25, 1.0), unit_factor=1.0), 1)
    np.testing.assert_array_equal(ours.stim, recording.stim)
    np.testing.assert_allclose(ours.samples, recording.samples, rtol=1e-6)


def test_unit_that_moabb_does_not_know_is_noticed(recording: Recording) -> None:
    with pytest.raises(InvalidRecording, match="session 0, run 0 spreads over .* V, and EEG over microvolts"):
        recording_of(Published([as_moabb(recording, scale=1e6)]), 1)


def test_failed_download_is_one_sentence(recording: Recording) -> None:
    with pytest.raises(Unavailable, match="subject 1 of BrainInvaders2014a: Max retries exceeded with url.*network"):
        recording_of(Published([]), 1)


@pytest.mark.skipif(find_spec("moabb") is not None, reason="MOABB is installed here")
def test_missing_extra_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"pip install 'p300\[moabb\]'"):
        fetch(tmp_path, "bi2014a", [])
