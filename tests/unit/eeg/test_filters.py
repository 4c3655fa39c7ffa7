"""The band-pass equals MNE's and keeps its promises on any signal."""

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.eeg.filters import apply_filter, design_band_pass
from p300.errors import InvalidRecording

BAND_HZ = (1.0, 20.0)
RATES_HZ = (100.0, 128.0, 250.0, 500.0, 512.0, 1000.0, 2048.0)


def mne_band_pass(signal, sfreq_hz, band_hz=BAND_HZ):
    return mne.filter.filter_data(signal.astype(float), sfreq_hz, *band_hz, verbose="ERROR")


def band_pass(signal, sfreq_hz, band_hz=BAND_HZ):
    return apply_filter(signal, design_band_pass(band_hz, sfreq_hz))


def brown_noise(n_samples, seed=0):
    return np.random.default_rng(seed).standard_normal(n_samples).cumsum()


@pytest.mark.parametrize("sfreq_hz", RATES_HZ)
def test_equals_mne_at_every_rate(sfreq_hz):
    signal = brown_noise(int(20 * sfreq_hz) + 7)
    np.testing.assert_allclose(
        band_pass(signal, sfreq_hz), mne_band_pass(signal, sfreq_hz), atol=1e-11 * np.ptp(signal)
    )


@pytest.mark.parametrize("band_hz", [(0.1, 30.0), (4.0, 8.0), (1.0, 63.0)])
def test_equals_mne_in_other_bands(band_hz):
    signal = brown_noise(128 * 60)
    np.testing.assert_allclose(
        band_pass(signal, 128.0, band_hz), mne_band_pass(signal, 128.0, band_hz), atol=1e-11 * np.ptp(signal)
    )


@pytest.mark.parametrize("n_samples", [1, 2, 100, 211, 212, 213, 422, 423, 424])
@pytest.mark.filterwarnings("ignore:filter_length:RuntimeWarning")  # MNE says of its own what we log
def test_a_signal_about_as_short_as_the_filter_equals_mne(n_samples):
    assert len(design_band_pass(BAND_HZ, 128.0)) == 423
    signal = brown_noise(n_samples) + 50
    np.testing.assert_allclose(band_pass(signal, 128.0), mne_band_pass(signal, 128.0), atol=1e-11)


def test_an_offset_a_million_times_the_signal_changes_nothing():
    signal = brown_noise(10_000)
    shifted = band_pass(signal + 1e6 * np.ptp(signal), 250.0)
    np.testing.assert_allclose(shifted, band_pass(signal, 250.0), atol=1e-8 * np.ptp(signal))


def test_a_rate_too_low_for_the_band_is_refused():
    with pytest.raises(InvalidRecording, match=r"sampled at 40 Hz, too slow for the band up to 20 Hz"):
        band_pass(np.zeros(100), 40.0)


@settings(deadline=None, max_examples=30)
@given(frequency_hz=st.floats(26, 120) | st.sampled_from([50.0, 60.0]), phase=st.floats(0, 2 * np.pi))
def test_a_sine_in_the_stop_band_is_attenuated_a_hundredfold(frequency_hz, phase):
    times_s = np.arange(250 * 20) / 250.0
    filtered = band_pass(np.sin(2 * np.pi * frequency_hz * times_s + phase), 250.0)
    assert np.abs(filtered[1000:-1000]).max() < 0.01


@settings(deadline=None, max_examples=30)
@given(frequency_hz=st.floats(2, 19), phase=st.floats(0, 2 * np.pi))
def test_a_sine_in_the_pass_band_stays_as_it_was(frequency_hz, phase):
    times_s = np.arange(250 * 20) / 250.0
    sine = np.sin(2 * np.pi * frequency_hz * times_s + phase)
    np.testing.assert_allclose(band_pass(sine, 250.0)[1000:-1000], sine[1000:-1000], atol=0.01)


@settings(deadline=None, max_examples=30)
@given(sample=st.integers(0, 2999), sfreq_hz=st.sampled_from([100.0, 250.0, 512.0]))
def test_a_pulse_lands_on_its_sample(sample, sfreq_hz):
    pulse = np.zeros(5000)
    pulse[1000 + sample] = 1
    assert np.argmax(band_pass(pulse, sfreq_hz)) == 1000 + sample


@settings(deadline=None, max_examples=30)
@given(first=st.floats(-10, 10), second=st.floats(-10, 10))
def test_it_is_linear(first, second):
    one, other = brown_noise(3000, seed=1), brown_noise(3000, seed=2)
    together = band_pass(first * one + second * other, 250.0)
    apart = first * band_pass(one, 250.0) + second * band_pass(other, 250.0)
    np.testing.assert_allclose(together, apart, atol=1e-9)
