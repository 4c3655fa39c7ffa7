"""Epochs begin and end on MNE's samples, and one matrix does its baseline and resampling."""

import mne
import numpy as np
import pytest

from p300.domain.recipe import Recipe
from p300.eeg.epochs import are_complete, cut, epoch_map, sample_window
from p300.errors import InvalidRecording

RATES_HZ = (100.0, 128.0, 250.0, 256.0, 499.97, 512.0, 1000.0, 2048.0)
RECIPES = {
    "default": Recipe(),
    "baseline before": Recipe(window_s=(-0.1, 0.6), baseline_s=(-0.1, 0.0)),
    "baseline inside": Recipe(window_s=(-0.25, 1.0), baseline_s=(-0.123, 0.05)),
    "after the flash": Recipe(window_s=(0.1, 0.755), baseline_s=None, sfreq_hz=64),
    "upsampled": Recipe(sfreq_hz=600),
}


def mne_epochs(recipe, sfreq_hz):
    noise = np.random.default_rng(0).standard_normal((1, int(5 * sfreq_hz)))
    raw = mne.io.RawArray(noise, mne.create_info(1, sfreq_hz, "eeg"), verbose="ERROR")
    onsets = np.array([int(2 * sfreq_hz), int(2 * sfreq_hz) + 1, int(3 * sfreq_hz)])
    events = np.column_stack([onsets, np.zeros(3, int), [1, 2, 1]])
    start_s, stop_s = recipe.window_s
    epochs = mne.Epochs(raw, events, tmin=start_s, tmax=stop_s, baseline=recipe.baseline_s, preload=True, verbose=False)
    return noise[0], onsets, epochs.resample(recipe.sfreq_hz, verbose="ERROR").get_data(copy=False)[:, 0]


@pytest.mark.parametrize("sfreq_hz", RATES_HZ)
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_cut_and_mapped_epochs_equal_mne(recipe, sfreq_hz):
    signal, onsets, expected = mne_epochs(recipe, sfreq_hz)
    ours = cut(signal, onsets, sample_window(recipe.window_s, sfreq_hz)) @ epoch_map(recipe, sfreq_hz)
    np.testing.assert_allclose(ours, expected, atol=1e-6 * np.ptp(expected))


def test_the_default_recipe_gives_eighty_samples_a_channel():
    assert epoch_map(Recipe(), 512.0).shape == (411, 80)


def test_only_whole_windows_count():
    window = sample_window((-0.1, 0.6), 100.0)
    assert (window.start, window.stop) == (-10, 61)
    onsets = np.array([9, 10, 139, 140])
    assert are_complete(onsets, window, 200).tolist() == [False, True, True, False]
    assert cut(np.arange(200.0), onsets[1:3], window)[:, [0, -1]].tolist() == [[0, 70], [129, 199]]


def test_a_baseline_between_two_samples_is_refused():
    with pytest.raises(InvalidRecording, match=r"sampled at 100 Hz, it has no sample in the baseline"):
        epoch_map(Recipe(baseline_s=(0.001, 0.002)), 100.0)


def test_the_shared_matrix_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        epoch_map(Recipe(), 250.0)[0, 0] = 1
