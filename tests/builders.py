"""One builder for what many tests need a plausible one of."""

from dataclasses import replace
from typing import Any

import numpy as np

from p300.domain import FeatureTable, Float32s, Labels, Provenance, Recipe


def make_provenance(n_epochs: int = 60, *, recipe: Recipe | None = None, **changes: Any) -> Provenance:
    """Of a recording at 512 Hz whose every flash was kept, but for what is given otherwise."""
    plausible = Provenance(
        recipe=recipe or Recipe(),
        source_sfreq_hz=512.0,
        channel_names=("Cz", "Pz"),
        raw_key="subject_01/subject_01_eeg_stim.parquet",
        raw_sha256="0" * 64,
        n_flashes=n_epochs,
        n_kept=n_epochs,
        n_incomplete=0,
        n_rejected=0,
        rejected_by_channel={},
    )
    return replace(plausible, **changes)


def make_table(
    features: Float32s, labels: Labels, *, recipe: Recipe | None = None, **provenance_changes: Any
) -> FeatureTable:
    """Of features and labels, a flash every 100 samples."""
    n_epochs = len(labels)
    epochs = np.arange(n_epochs)
    return FeatureTable(
        features.astype(np.float32),
        labels.astype(np.int8),
        epochs.astype(np.int32),
        epochs.astype(np.int64) * 100,
        make_provenance(n_epochs, recipe=recipe, **provenance_changes),
    )
