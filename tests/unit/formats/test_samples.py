"""Samples come in blocks, and nobody can tell from what they become."""

from collections.abc import Sequence

import mne
import numpy as np
import pytest

from p300.errors import InvalidRecording
from p300.formats import samples
from p300.formats.samples import join_samples

CHANNELS = ("Fz", "Cz")


def _raw(volts: np.ndarray) -> mne.io.RawArray:
    return mne.io.RawArray(volts, mne.create_info(list(CHANNELS), 250.0, "eeg"), verbose="ERROR")


def _read(raws: Sequence[mne.io.BaseRaw]) -> np.ndarray:
    return join_samples(raws, [f"run {number}" for number in range(len(raws))], CHANNELS)


@pytest.fixture
def raws() -> list[mne.io.RawArray]:
    """Three runs, on offsets thousands of times larger than the EEG."""
    rng = np.random.default_rng(1)
    return [_raw(rng.standard_normal((2, n)) * 1e-5 + offset) for n, offset in ((1000, 0.0), (701, 0.2), (99, -0.3))]


@pytest.mark.parametrize("n_samples", [1, 100, 700, 1000])
def test_the_size_of_blocks_changes_nothing(
    raws: list[mne.io.RawArray], monkeypatch: pytest.MonkeyPatch, n_samples: int
) -> None:
    whole = _read(raws)
    assert whole.shape == (2, 1800)
    np.testing.assert_allclose(whole[:, [1000, 1701]], whole[:, [999, 1700]], atol=1e-9)
    np.testing.assert_allclose(np.diff(whole[:, 1000:1701]), np.diff(raws[1].get_data()), atol=1e-10)
    monkeypatch.setattr(samples, "_BLOCK_SAMPLES", n_samples)
    np.testing.assert_array_equal(_read(raws), whole)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda volts: np.where(np.arange(1000) == 900, np.nan, volts), "run 1: channel 'Fz' has samples that are no"),
        (lambda volts: np.where(np.arange(1000) > 900, np.inf, volts), "run 1: channel 'Fz' has samples that are no"),
        (lambda volts: np.full_like(volts, 0.3), "run 1: channel 'Fz' is constant"),
        (lambda volts: volts * 1e6, r"run 1 spreads over 10\.\d V, and EEG over microvolts"),
    ],
)
def test_what_cannot_be_used_is_said_wherever_it_is(
    raws: list[mne.io.RawArray], monkeypatch: pytest.MonkeyPatch, spoil: object, said: str
) -> None:
    monkeypatch.setattr(samples, "_BLOCK_SAMPLES", 128)
    with pytest.raises(InvalidRecording, match=said):
        _read([raws[1], _raw(spoil(raws[0].get_data()))])


def test_a_file_that_ends_in_the_middle_is_said(raws: list[mne.io.RawArray], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "_BLOCK_SAMPLES", 128)
    read = mne.io.RawArray.get_data

    def cut(raw: mne.io.RawArray, *, start: int, **options: object) -> np.ndarray:
        if start >= 256:
            raise ValueError("cannot reshape\narray")
        return read(raw, start=start, **options)

    monkeypatch.setattr(mne.io.RawArray, "get_data", cut)
    with pytest.raises(InvalidRecording, match="run 0 cannot be read from sample 256 on: cannot reshape array; it is"):
        _read(raws)
