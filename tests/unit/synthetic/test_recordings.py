"""Synthetic recordings have what makes real ones hard, and what makes them work."""

import io

import numpy as np
import pytest
from scipy.signal import welch

from p300.domain import FeatureTable, Label, Recording, SubjectId
from p300.domain.recipe import Recipe
from p300.eeg.features import extract_features
from p300.errors import InvalidInput
from p300.jobs.recordings.preprocess import features_of
from p300.model.candidates import candidate
from p300.model.scores import score
from p300.model.validation import validate
from p300.store.features import decode_features
from p300.store.recordings import encode_recording
from p300.synthetic.recordings import synthesize

Tables = dict[SubjectId, FeatureTable]


@pytest.fixture(scope="module")
def recordings() -> dict[int, Recording]:
    return {subject: synthesize(subject) for subject in range(1, 8)}


@pytest.fixture(scope="module")
def tables(recordings: dict[int, Recording]) -> Tables:
    raws = {SubjectId(subject): encode_recording(recording) for subject, recording in recordings.items()}
    return {
        subject: decode_features(features_of(io.BytesIO(raw), subject, Recipe(), "")) for subject, raw in raws.items()
    }


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
    assert (at[50] > 2 * at[46]).all()
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


def test_blinks_cost_a_few_epochs_and_offsets_none(tables: Tables) -> None:
    made = [table.provenance for table in tables.values()]
    shares = [each.n_rejected / each.n_flashes for each in made]
    assert 0 < np.mean(shares) < 0.10
    assert max(shares) < 0.20
    assert all(next(iter(each.rejected_by_channel)) in {"Fp1", "Fp2", "AFz"} for each in made)


def test_unseen_subjects_are_neither_too_easy_nor_too_hard(tables: Tables) -> None:
    validation = validate(candidate("lda"), tables)
    aucs = [scores.auc for scores in validation.scores.values()]
    assert 0.75 < np.mean(aucs) < 0.90
    assert min(aucs) > 0.65
    assert np.std(aucs) > 0.01


def test_more_training_subjects_are_better(tables: Tables) -> None:
    few, many = (_mean_auc(tables, n_trained_on) for n_trained_on in (2, 5))
    assert many > few + 0.01


def _mean_auc(tables: Tables, n_trained_on: int) -> float:
    estimator = candidate("lda").fit({SubjectId(n): tables[SubjectId(n)] for n in range(1, n_trained_on + 1)})
    unseen = [tables[SubjectId(n)] for n in (6, 7)]
    return float(np.mean([score(each.targets, estimator.predict_proba(each.features)[:, 1]).auc for each in unseen]))


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
