"""The epochs of one subject, as the model sees them, and where they came from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p300.domain.arrays import Float32s
from p300.domain.labels import Label, Labels


@dataclass(frozen=True)
class Provenance:
    """Where a feature table came from: stored with it, so that it can be checked and made again.

    ``recipe`` is the recipe's canonical JSON, ``raw_sha256`` the hash of the raw object's bytes,
    ``n_incomplete`` the flashes too near an end of the recording for a whole epoch, and
    ``n_target_flashes`` the Targets among all `n_flashes`; None in tables made before they were counted.
    """

    recipe: str
    recipe_hash: str
    source_sfreq_hz: float
    sfreq_hz: float
    channel_names: tuple[str, ...]
    raw_key: str
    raw_sha256: str
    n_flashes: int
    n_kept: int
    n_incomplete: int
    n_rejected: int
    rejected_by_channel: Mapping[str, int]
    n_target_flashes: int | None = None


@dataclass(frozen=True)
class FeatureTable:
    """The epochs of one subject, as the model sees them.

    Attributes
    ----------
    features : ndarray of float32, shape (n_epochs, n_channels * n_times)
        Channel-major: all times of the first channel, then of the second.
    labels : ndarray of int8, shape (n_epochs,)
        :class:`Label` of each epoch.
    epochs : ndarray of int32, shape (n_epochs,)
        Number of the flash within the recording, counted before any was rejected.
    onset_samples : ndarray of int64, shape (n_epochs,)
        Sample of the flash in the recording, at its own rate.
    """

    features: Float32s
    labels: Labels
    epochs: NDArray[np.int32]
    onset_samples: NDArray[np.int64]
    provenance: Provenance

    @property
    def n_channels(self) -> int:
        return len(self.provenance.channel_names)

    @property
    def targets(self) -> NDArray[np.bool_]:
        """Where a Target was flashed: bool, shape (n_epochs,)."""
        return np.equal(self.labels, Label.Target)
