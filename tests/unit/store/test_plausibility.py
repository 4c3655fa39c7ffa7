"""Volts, millivolts or nanovolts that are called microvolts are refused, and whatever people recorded is not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from p300.domain import Recording
from p300.errors import InvalidRecording
from p300.store.plausibility import require_plausible
from p300.store.recordings import open_recording
from p300.synthetic.recordings import synthesize

REAL_RECORDINGS = sorted((Path(__file__).parents[4] / "shared/data").glob("*/subject_*/*_eeg_stim.parquet"))


@pytest.fixture(scope="module")
def person() -> Recording:
    return synthesize(1, n_channels=8, n_repetitions=10)


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1e-6, "the samples look like volts: multiply them by 1,000,000"),
        (1e-3, "the samples look like millivolts: multiply them by 1,000"),
        (1e-2, "the samples are about 100 times too small"),
        (1e3, "the samples look like nanovolts: divide them by 1,000"),
    ],
)
def test_another_unit_is_refused_with_the_factor(person: Recording, factor: float, said: str) -> None:
    scaled = replace(person, samples=np.asarray(person.samples) * np.float32(factor))
    with pytest.raises(InvalidRecording, match=r"within a second its channels spread over .* microvolts, and EEG"):
        require_plausible(scaled)
    with pytest.raises(InvalidRecording, match=said):
        require_plausible(scaled)


@pytest.mark.parametrize("factor", [0.3, 1.0, 10.0])
def test_quiet_and_loud_people_pass(person: Recording, factor: float) -> None:
    require_plausible(replace(person, samples=np.asarray(person.samples) * np.float32(factor)))


def test_offsets_drifts_bad_channels_and_pauses_pass(person: Recording) -> None:
    samples = np.array(person.samples)
    minutes = np.arange(samples.shape[1]) / person.sfreq_hz / 60
    samples += 0.3 + 0.05 * minutes.astype(np.float32)  # an amplifier without a high-pass: 300 mV, and 50 mV a minute
    samples[:3] = 0.5 * np.sin(minutes * 500)  # three of eight electrodes without contact
    require_plausible(replace(person, samples=samples.astype(np.float32)))

    paused = np.zeros((8, 10 * samples.shape[1]), np.float32)  # nobody was recorded for nine tenths of the time
    paused[:, : samples.shape[1]] = person.samples
    stim = np.zeros(paused.shape[1], np.int8)
    stim[: len(person.stim)] = person.stim
    require_plausible(replace(person, samples=paused, stim=stim))


@pytest.mark.parametrize("sfreq_hz", [8192.0, 100_000.0])
def test_a_rate_at_which_no_screen_flashes_is_refused(person: Recording, sfreq_hz: float) -> None:
    with pytest.raises(InvalidRecording, match="a flash comes every .* ms, faster than any screen"):
        require_plausible(replace(person, sfreq_hz=sfreq_hz))


@pytest.mark.realdata
@pytest.mark.skipif(not REAL_RECORDINGS, reason="needs the real recordings in ../shared/data")
def test_whatever_people_recorded_is_plausible() -> None:
    for path in REAL_RECORDINGS:
        with path.open("rb") as file, open_recording(file) as recording:
            require_plausible(recording)
