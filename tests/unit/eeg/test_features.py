"""The chain equals MNE's, epoch for epoch, and says what is wrong with what it cannot use."""

from dataclasses import replace
from pathlib import Path

import mne
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.domain import Label, Recording
from p300.domain.recipe import NORMALISATIONS, Recipe
from p300.eeg.features import extract_features
from p300.errors import InvalidRecording

PLAIN = Recipe((1.0, 20.0), (-0.1, 0.6), (-0.1, 0.0), 100e-6, 100.0, "none", None, "keep")
REAL_FOLDER = Path(__file__).parents[4] / "shared" / "data" / "br41nio"


def noise_recording(sfreq_hz=250.0, n_channels=4, duration_s=30.0, offset_volts=0.0, seed=0):
    """Drifting noise, a blink on one channel every 5 s, flashes from end to end, two of them neighbours."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(int(duration_s * sfreq_hz)) / sfreq_hz
    white, steps = rng.standard_normal((2, n_channels, len(times_s)))
    drift = 20e-6 * steps.cumsum(axis=1) / sfreq_hz**0.5
    blinks = 400e-6 * np.exp(-(((times_s % 5 - 2.5) / 0.08) ** 2))
    blinking = times_s // 5 % n_channels == np.arange(n_channels)[:, np.newaxis]
    samples = offset_volts + 5e-6 * white + drift + blinks * blinking

    stim = np.zeros(len(times_s), np.int8)
    onsets = np.arange(3, len(stim), int(0.175 * sfreq_hz))
    stim[onsets] = np.where(rng.random(len(onsets)) < 1 / 6, Label.Target, Label.NonTarget)
    middle = onsets[len(onsets) // 2]
    stim[middle + 1] = 3 - stim[middle]
    names = tuple(f"E{number}" for number in range(1, n_channels + 1))
    return Recording(samples.astype(np.float32), stim, sfreq_hz, names)


def through_mne(recording, recipe, bads=()):
    """MNE's own chain: its epochs object, and for each flash why it was dropped."""
    info = mne.create_info(list(recording.channel_names), recording.sfreq_hz, "eeg")
    raw = mne.io.RawArray(recording.samples.astype(float), info, verbose="ERROR")
    raw.filter(*recipe.band_hz, verbose="ERROR")
    if bads:
        raw.set_montage("colin27_1005", verbose="ERROR")
        raw.info["bads"] = list(bads)
    onsets = np.flatnonzero(recording.stim)
    events = np.column_stack([onsets, np.zeros_like(onsets), recording.stim[onsets]])
    start_s, stop_s = recipe.window_s
    reject = recipe.reject_volts and {"eeg": recipe.reject_volts}
    epochs = mne.Epochs(
        raw, events, None, start_s, stop_s, recipe.baseline_s, reject=reject, preload=True, verbose="ERROR"
    )
    epochs.resample(recipe.sfreq_hz, verbose="ERROR")
    return epochs.interpolate_bads(verbose="ERROR") if bads else epochs


def assert_equals_mne(recording, recipe, bads=()):
    expected = through_mne(recording, recipe, bads)
    volts = expected.get_data(copy=False)
    ours = extract_features(recording, recipe)
    np.testing.assert_array_equal(ours.epochs, expected.selection)
    np.testing.assert_array_equal(ours.onset_samples, expected.events[:, 0])
    np.testing.assert_array_equal(ours.labels, expected.events[:, 2])
    np.testing.assert_allclose(ours.features, volts.reshape(len(volts), -1), atol=1e-5 * np.ptp(volts), rtol=0)

    incomplete = {("TOO_SHORT",), ("NO_DATA",)}
    rejected = [names for names in expected.drop_log if names and names not in incomplete]
    counts = {name: sum(name in names for names in rejected) for name in recording.channel_names}
    origin = ours.provenance
    assert origin.rejected_by_channel == {name: count for name, count in counts.items() if count}
    assert origin.n_rejected == len(rejected)
    assert origin.n_incomplete == sum(names in incomplete for names in expected.drop_log)
    assert origin.n_kept == len(ours.labels)
    assert origin.n_flashes == origin.n_kept + origin.n_rejected + origin.n_incomplete
    assert origin.n_target_flashes == (recording.stim == Label.Target).sum()
    return ours


@pytest.mark.parametrize(
    ("sfreq_hz", "n_channels"), [(100, 1), (128, 3), (250, 8), (500, 2), (512, 16), (1000, 1), (2048, 2)]
)
def test_equals_mne(sfreq_hz, n_channels):
    ours = assert_equals_mne(noise_recording(float(sfreq_hz), n_channels), PLAIN)
    assert ours.provenance.n_rejected > 0
    assert ours.provenance.n_incomplete > 0
    assert np.diff(ours.onset_samples).min() == 1


@pytest.mark.parametrize(
    "recipe",
    [
        replace(PLAIN, baseline_s=None, reject_volts=None),
        replace(PLAIN, band_hz=(0.75, 14.0), window_s=(0.0, 0.8), baseline_s=None, sfreq_hz=64),
        replace(PLAIN, band_hz=(0.5, 30.0), reject_volts=60e-6),
        replace(PLAIN, window_s=(-0.2, 1.0), baseline_s=(-0.2, -0.05), sfreq_hz=250),
    ],
)
def test_equals_mne_with_other_recipes(recipe):
    assert_equals_mne(noise_recording(), recipe)


def test_equals_mne_under_an_amplifiers_offset():
    assert_equals_mne(noise_recording(512.0, 4, offset_volts=0.1), PLAIN)


CAP = ("Fp1", "Fpz", "Fp2", "F3", "Fz", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4", "PO7", "Oz", "PO8", "POz")


def cap_recording(bad=(), sfreq_hz=250.0, duration_s=40.0):
    """Noise of sources all over the head, so that neighbours see the same; bad channels record noise of their own."""
    rng = np.random.default_rng(3)
    mixed = noise_recording(sfreq_hz, len(CAP), duration_s)
    positions = mne.channels.make_standard_montage("colin27_1005").get_positions()["ch_pos"]
    places = np.array([positions[name] for name in CAP])
    near = np.exp(-((np.linalg.norm(places[:, np.newaxis] - places, axis=2) / 0.06) ** 2))
    samples = near @ mixed.samples
    for name in bad:
        samples[CAP.index(name)] = 40e-6 * rng.standard_normal(samples.shape[1])
    return replace(mixed, samples=samples.astype(np.float32), channel_names=CAP)


@pytest.mark.parametrize("bads", [("Pz",), ("Fpz", "Pz")])
def test_repairing_by_splines_equals_mne(bads):
    recipe = replace(PLAIN, bad_channels="repair")
    ours = assert_equals_mne(cap_recording(bads), recipe, bads)
    assert [(each.name, each.repair) for each in ours.provenance.bad_channels] == [(name, "spline") for name in bads]
    assert ours.provenance.n_rejected > 0


def test_a_repaired_recording_is_nearly_what_it_was():
    recipe = Recipe(normalisation="none", reject_deviations=None)
    whole, repaired, kept = (
        extract_features(recording, each).features.reshape(-1, len(CAP), 80)[:, CAP.index("Pz")]
        for recording, each in (
            (cap_recording(), recipe),
            (cap_recording(["Pz"]), recipe),
            (cap_recording(["Pz"]), replace(recipe, bad_channels="keep")),
        )
    )
    assert np.corrcoef(whole.ravel(), repaired.ravel())[0, 1] > 0.85
    assert abs(np.corrcoef(whole.ravel(), kept.ravel())[0, 1]) < 0.1


def test_a_channel_with_another_gain_is_as_good_as_the_others():
    recording = cap_recording()
    amplified = recording.samples.copy()
    amplified[[2, 5, 11]] *= np.float32([1000, 1 / 16, 40])[:, np.newaxis]
    both = (recording, replace(recording, samples=amplified))
    one, other = (extract_features(each, Recipe(normalisation="channel")) for each in both)
    assert other.provenance.bad_channels == ()
    np.testing.assert_array_equal(one.epochs, other.epochs)
    np.testing.assert_allclose(one.features, other.features, atol=1e-4)


@settings(max_examples=20)
@given(gain=st.floats(0.05, 1000), bad=st.sampled_from([(), ("Cz",)]))
def test_a_recordings_gain_changes_neither_rejections_nor_bad_channels(gain, bad):
    recording = cap_recording(bad, 100.0, 20.0)
    scaled = replace(recording, samples=recording.samples * np.float32(gain))
    one, other = (extract_features(each, Recipe()).provenance for each in (recording, scaled))
    assert one == replace(other, limits_volts=one.limits_volts)
    assert one.n_rejected > 0
    assert list(one.limits_volts) == [name for name in CAP if name not in bad]
    assert other.limits_volts == pytest.approx({name: gain * each for name, each in one.limits_volts.items()}, rel=1e-5)


@pytest.mark.filterwarnings("ignore:filter_length:RuntimeWarning")  # MNE says of its own what we log
def test_a_recording_shorter_than_the_filter_equals_mne_with_a_warning(caplog):
    assert_equals_mne(noise_recording(duration_s=2.5), replace(PLAIN, reject_volts=None))
    assert [record.getMessage() for record in caplog.records] == [
        "625 samples, but the filter has 825: expect distortion"
    ]


@pytest.mark.realdata
@pytest.mark.skipif(not REAL_FOLDER.is_dir(), reason="the real recordings are not in ../shared/data/br41nio")
@pytest.mark.parametrize("subject", [1, 2, 3, 4, 5])
def test_equals_mne_on_real_recordings(subject):
    name = f"subject_{subject:02d}"
    table = pq.read_table(REAL_FOLDER / name / f"{name}_eeg_stim.parquet")
    stim = table["stim"].to_numpy().astype(np.int8)
    channels = table.drop_columns("stim")
    samples = np.stack([column.to_numpy() * np.float32(1e-6) for column in channels.columns])
    assert_equals_mne(Recording(samples, stim, 250.0, tuple(channels.column_names)), PLAIN)


def test_the_shape_is_channel_major_and_every_normalisation_keeps_it():
    recording = noise_recording(512.0, 3)
    for normalisation in NORMALISATIONS:
        ours = extract_features(recording, replace(PLAIN, normalisation=normalisation))
        assert ours.features.shape == (len(ours.labels), 3 * 70)
        assert ours.features.dtype == np.float32
        assert np.isfinite(ours.features).all()


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_the_table_can_be_drawn_in_volts_again(normalisation):
    recording = noise_recording()
    volts = extract_features(recording, PLAIN).features.reshape(-1, 4, 70)
    table = extract_features(recording, replace(PLAIN, normalisation=normalisation))
    again = table.to_volts @ table.features.reshape(-1, 4, 70)
    np.testing.assert_allclose(again, volts, atol=1e-5 * np.ptp(volts))


@settings(max_examples=20)
@given(n_held=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_a_held_trigger_is_one_flash_where_it_begins(n_held, seed):
    recording = noise_recording(seed=seed)
    stim = recording.stim.copy()
    stim[recording.onset_samples[len(recording.onset_samples) // 2 + 1]] = 0  # the neighbour: holding would cover it
    onsets = np.flatnonzero(stim)
    held = stim.copy()
    for onset in onsets:
        held[onset : onset + n_held] = stim[onset]
    impulse, plateau = (extract_features(replace(recording, stim=each), Recipe()) for each in (stim, held))
    assert impulse.provenance == plateau.provenance
    for name in ("features", "labels", "epochs", "onset_samples"):
        np.testing.assert_array_equal(getattr(plateau, name), getattr(impulse, name))


def test_labels_do_not_reach_the_features():
    recording = noise_recording()
    swapped = replace(recording, stim=np.where(recording.stim > 0, 3 - recording.stim, 0).astype(np.int8))
    np.testing.assert_array_equal(
        extract_features(recording, Recipe()).features, extract_features(swapped, Recipe()).features
    )


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), sfreq_hz=st.sampled_from([100.0, 128.0, 250.0]))
def test_baseline_means_are_zero(seed, sfreq_hz):
    recipe = replace(PLAIN, sfreq_hz=sfreq_hz, reject_volts=None)
    epochs = extract_features(noise_recording(sfreq_hz, 2, 10.0, seed=seed), recipe).features
    n_baseline = int(0.1 * sfreq_hz) + 1
    n_before = round(0.1 * sfreq_hz) + 1
    means = epochs.reshape(len(epochs), 2, -1)[:, :, n_before - n_baseline : n_before].mean(axis=2)
    np.testing.assert_allclose(means, 0, atol=1e-6 * np.ptp(epochs))


@settings(deadline=None, max_examples=20)
@given(gain=st.floats(-5, 5).filter(lambda gain: abs(gain) > 0.01))
def test_without_rejection_the_chain_is_linear(gain):
    recording, recipe = noise_recording(100.0, 2, 10.0), replace(PLAIN, reject_volts=None)
    features = extract_features(recording, recipe).features
    scaled = extract_features(replace(recording, samples=recording.samples * np.float32(gain)), recipe).features
    np.testing.assert_allclose(scaled, gain * features, atol=1e-5 * np.ptp(scaled))


@settings(deadline=None, max_examples=20)
@given(delay_ms=st.integers(0, 59).map(lambda tens: 10 * tens), sfreq_hz=st.sampled_from([100.0, 500.0, 1000.0]))
def test_a_pulse_lands_on_its_feature(delay_ms, sfreq_hz):
    n_samples = int(10 * sfreq_hz)
    stim = np.zeros(n_samples, np.int8)
    stim[[n_samples // 2, n_samples // 2 + int(sfreq_hz)]] = Label.Target, Label.NonTarget
    samples = np.zeros((1, n_samples), np.float32)
    samples[0, n_samples // 2 + round(delay_ms * sfreq_hz / 1000)] = 1e-3
    features = extract_features(Recording(samples, stim, sfreq_hz, ("Cz",)), replace(PLAIN, reject_volts=None)).features
    assert np.argmax(features[0]) == 10 + delay_ms // 10


def refusal(recording, recipe=PLAIN):
    with pytest.raises(InvalidRecording) as caught:
        extract_features(recording, recipe)
    return str(caught.value)


def test_no_flash_is_refused():
    recording = noise_recording()
    assert "no flash: stim is 0 throughout" in refusal(replace(recording, stim=np.zeros_like(recording.stim)))


def test_flashes_without_a_whole_epoch_are_refused():
    assert "none of the 5 flashes has a whole epoch" in refusal(noise_recording(duration_s=0.6))


@pytest.mark.parametrize("sfreq_hz", [1e300, float("inf"), float("nan")])
def test_an_impossible_rate_is_refused(sfreq_hz):
    assert "expected at most 100000 Hz" in refusal(replace(noise_recording(), sfreq_hz=sfreq_hz))


def test_a_slow_recording_is_refused():
    assert "sampled at 40 Hz, too slow" in refusal(noise_recording(40.0))


def test_rejecting_every_epoch_names_the_channels_and_the_way_out():
    recording = noise_recording()
    recording.samples[2] *= 1000
    sentence = refusal(recording)
    assert "no NonTarget and no Target epoch is left: 171 of 171 were rejected" in sentence
    assert "over 100 microvolts peak to peak on E3 (171)" in sentence
    assert "raise reject_volts" in sentence


def test_losing_one_class_is_refused():
    recording = noise_recording()
    stim = np.where(recording.stim == Label.Target, 0, recording.stim).astype(np.int8)
    assert "no Target epoch is left" in refusal(replace(recording, stim=stim))
