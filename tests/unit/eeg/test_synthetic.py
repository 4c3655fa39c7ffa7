"""Synthetic recordings have what makes real ones hard, and what makes them work."""

import numpy as np
import pytest
from scipy.signal import welch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from p300.domain import Label, Recording
from p300.eeg.features import EpochFeatures, extract_features
from p300.eeg.recipe import Recipe
from p300.eeg.synthetic import synthesize
from p300.errors import InvalidInput


@pytest.fixture(scope="module")
def recordings() -> dict[int, Recording]:
    return {subject: synthesize(subject) for subject in range(1, 8)}


@pytest.fixture(scope="module")
def epochs(recordings: dict[int, Recording]) -> dict[int, EpochFeatures]:
    return {subject: extract_features(recording, Recipe()) for subject, recording in recordings.items()}


def test_default_shape_is_that_of_bi2014a(recordings: dict[int, Recording]) -> None:
    recording = recordings[1]
    assert recording.samples.dtype == np.float32
    assert recording.samples.shape == (16, len(recording.stim))
    assert recording.sfreq_hz == 512.0
    assert recording.channel_names[0] == "Fp1"
    assert np.bincount(recording.stim).tolist()[1:] == [990, 198]
    repetitions = recording.stim[recording.stim > 0].reshape(99, 12)
    assert set((repetitions == Label.Target).sum(axis=1)) == {2}
    assert 0.15 < np.median(np.diff(np.flatnonzero(recording.stim))) / 512 < 0.25


def test_subject_and_seed_decide_every_sample(recordings: dict[int, Recording]) -> None:
    again = synthesize(1)
    np.testing.assert_array_equal(again.samples, recordings[1].samples)
    np.testing.assert_array_equal(again.stim, recordings[1].stim)
    for other in (synthesize(2, n_repetitions=5), synthesize(1, seed=1, n_repetitions=5)):
        assert not np.array_equal(other.samples[:, :1000], synthesize(1, n_repetitions=5).samples[:, :1000])


def test_spectrum_falls_as_1_over_f_with_alpha_and_mains_above_it(recordings: dict[int, Recording]) -> None:
    recording = recordings[1]
    freqs_hz, power = welch(recording.samples, 512, nperseg=2048)
    smooth = (freqs_hz > 1.5) & (freqs_hz < 40) & ((freqs_hz < 7) | (freqs_hz > 15))
    slopes = [np.polyfit(np.log(freqs_hz[smooth]), np.log(channel[smooth]), 1)[0] for channel in power]
    assert -1.6 < np.median(slopes) < -0.8
    at = {hz: power[:, np.argmin(abs(freqs_hz - hz))] for hz in (10, 14, 46, 50)}
    assert (at[50] > 10 * at[46]).all()
    assert at[10][recording.channel_names.index("Oz")] > 3 * at[14][recording.channel_names.index("Oz")]


def test_p300_peaks_over_parietal_channels() -> None:
    differences = []
    for subject in range(1, 8):
        recording = synthesize(subject, n_channels=16, sfreq_hz=128)
        made = extract_features(recording, Recipe(normalisation="none", baseline_s=None))
        shaped = made.features.reshape(len(made.labels), 16, -1)
        targets = made.labels == Label.Target
        differences.append(shaped[targets].mean(axis=0) - shaped[~targets].mean(axis=0))
    mean = np.mean(differences, axis=0)
    channel, time = np.unravel_index(mean.argmax(), mean.shape)
    assert recording.channel_names[channel] in {"P3", "Pz", "P4", "Cz"}
    assert 0.25 < time / 100 - 0.1 < 0.55
    assert 3e-6 < mean.max() < 12e-6


def test_blinks_cost_a_few_epochs_and_offsets_none(epochs: dict[int, EpochFeatures]) -> None:
    shares = [made.n_rejected / made.n_flashes for made in epochs.values()]
    assert 0 < np.mean(shares) < 0.10
    assert max(shares) < 0.20
    assert all(next(iter(made.rejected_by_channel)) in {"Fp1", "Fp2", "AFz"} for made in epochs.values())


def test_unseen_subjects_are_neither_too_easy_nor_too_hard(epochs: dict[int, EpochFeatures]) -> None:
    aucs = [_auc([other for other in epochs if other != subject], subject, epochs) for subject in epochs]
    assert 0.75 < np.mean(aucs) < 0.90
    assert min(aucs) > 0.65
    assert np.std(aucs) > 0.01


def test_more_training_subjects_are_better(epochs: dict[int, EpochFeatures]) -> None:
    few, many = (
        np.mean([_auc(trained_on, subject, epochs) for subject in (6, 7)]) for trained_on in ([1, 2], range(1, 6))
    )
    assert many > few + 0.01


def _auc(trained_on: list[int] | range, tested_on: int, epochs: dict[int, EpochFeatures]) -> float:
    model = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))
    features = np.concatenate([epochs[subject].features for subject in trained_on])
    model.fit(features, np.concatenate([epochs[subject].labels for subject in trained_on]))
    made = epochs[tested_on]
    return float(roc_auc_score(made.labels == Label.Target, model.decision_function(made.features)))


@pytest.mark.parametrize("n_channels", [1, 3, 8, 16, 32, 64])
def test_any_cap_has_its_own_electrodes(n_channels: int) -> None:
    recording = synthesize(3, n_channels=n_channels, sfreq_hz=100, n_repetitions=2, n_flashes=6, n_targets=1)
    assert len(set(recording.channel_names)) == n_channels == len(recording.samples)
    assert np.isfinite(recording.samples).all()
    assert np.bincount(recording.stim).tolist()[1:] == [10, 2]


@pytest.mark.parametrize(
    "shape",
    [{"n_channels": 0}, {"n_channels": 65}, {"sfreq_hz": 50}, {"n_repetitions": 0}, {"n_targets": 12}, {"seed": -1}],
)
def test_shape_that_is_no_experiment_is_refused(shape: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        synthesize(1, **shape)
