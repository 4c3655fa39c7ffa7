"""One subject from raw Parquet to feature Parquet: ours, MNE's own path, and what decoding and encoding alone cost."""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import mne
import numpy as np
import pandas as pd

from benchmarks.rows import Row, in_turn, row
from p300.domain import MICROVOLT, Label, Recording, SubjectId
from p300.domain.recipe import Recipe
from p300.jobs.recordings.preprocess import features_of
from p300.store.features import decode_features, encode_features
from p300.store.recordings import decode_recording, encode_recording
from p300.synthetic.recordings import synthesize

ROUNDS = 7
SUBJECT = SubjectId(1)


def run() -> list[Row]:
    recording = synthesize(SUBJECT)
    raw = encode_recording(recording)
    recipe = Recipe(normalisation="none", reject_volts=100e-6)
    table = decode_features(features_of(io.BytesIO(raw), SUBJECT, recipe, "sha256"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.parquet"
        works: dict[str, Callable[[], object]] = {
            "ours": lambda: path.write_bytes(features_of(io.BytesIO(raw), SUBJECT, recipe, "sha256")),
            "peer": lambda: _mne_path(raw, recording, recipe, path),
            "floor": lambda: (decode_recording(raw), path.write_bytes(encode_features(table))),
        }
        seconds = in_turn(works, rounds=ROUNDS)
    flashes = int(np.count_nonzero(recording.stim))
    work = f"preprocess one subject, {flashes} flashes, 16 channels, 512 Hz, Parquet to Parquet (peer: MNE)"
    return [row(work, seconds, "s", "8 times faster", lower_is_better=True)]


def _mne_path(raw: bytes, recording: Recording, recipe: Recipe, path: Path) -> None:
    """As a careful MNE user would write it."""
    frame = pd.read_parquet(io.BytesIO(raw))
    samples = frame.filter(like="eeg_ch").to_numpy(dtype=np.float64).T * MICROVOLT
    info = mne.create_info(list(recording.channel_names), recording.sfreq_hz, "eeg")
    continuous = mne.io.RawArray(samples, info, verbose="ERROR").filter(*recipe.band_hz, verbose="ERROR")
    onsets = np.flatnonzero(frame["stim"])
    events = np.column_stack([onsets, np.zeros_like(onsets), frame["stim"].to_numpy()[onsets]])
    epochs = mne.Epochs(
        continuous,
        events,
        {label.name: int(label) for label in Label},
        *recipe.window_s,
        baseline=recipe.baseline_s,
        reject={"eeg": recipe.reject_volts},
        preload=True,
        verbose="ERROR",
    ).resample(recipe.sfreq_hz, verbose="ERROR")
    features = epochs.get_data().reshape(len(epochs), -1).astype(np.float32)
    columns = {f"f{number}": column for number, column in enumerate(features.T)}
    pd.DataFrame({"label": epochs.events[:, 2], **columns}).to_parquet(path)
