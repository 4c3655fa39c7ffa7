"""The epochs of one subject, as the model sees them, and where they came from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from p300.domain.arrays import Float32s
from p300.domain.channels import writable_names
from p300.domain.labels import Label, Labels
from p300.domain.recipe import Recipe
from p300.errors import InvalidInput


@dataclass(frozen=True)
class BadChannel:
    """A channel that was repaired.

    Attributes
    ----------
    reason : str
        What is wrong with it, for people: ``flat``, or how it differs from the others.
    repair : {"spline", "mean"}
        What it became, see :mod:`p300.eeg.repair`.
    """

    name: str
    reason: str
    repair: Literal["spline", "mean"]


@dataclass(frozen=True)
class Provenance:
    """Where a feature table came from: stored with it, so that it can be checked and made again.

    Attributes
    ----------
    raw_key, raw_sha256 : str
        The raw object and the hash of its bytes; empty where the recording was in no store.
    n_flashes : int
        Flashes in the recording: ``n_kept + n_incomplete + n_rejected``.
    n_kept : int
        Epochs of the table.
    n_incomplete : int
        Flashes too near an end of the recording for a whole epoch.
    n_rejected : int
        Complete epochs that were rejected.
    rejected_by_channel : mapping of str to int
        How many of those each channel spoilt, worst first; several may spoil the same one.
    n_target_flashes : int or None
        Target among all flashes, kept or not; None in tables of early versions.
    bad_channels : tuple of BadChannel
        Those that were found and repaired.
    limits_volts : mapping of str to float
        Peak to peak of each channel above which an epoch was rejected; none for bad channels.
    n_spared : int
        Epochs that were kept although the recipe's deviations would reject them, because with them more
        than a quarter would have gone.
    """

    recipe: Recipe
    source_sfreq_hz: float
    channel_names: tuple[str, ...]
    raw_key: str
    raw_sha256: str
    n_flashes: int
    n_kept: int
    n_incomplete: int
    n_rejected: int
    rejected_by_channel: Mapping[str, int]
    n_target_flashes: int | None = None
    bad_channels: tuple[BadChannel, ...] = ()
    limits_volts: Mapping[str, float] = field(default_factory=dict)
    n_spared: int = 0

    @property
    def recipe_hash(self) -> str:
        return self.recipe.hash

    @property
    def sfreq_hz(self) -> float:
        """Rate of the features."""
        return self.recipe.sfreq_hz

    def fields(self) -> dict[str, Any]:
        """Ready for JSON: the recipe as its canonical text, with its hash and rate for other readers."""
        return {
            **asdict(self),
            "recipe": self.recipe.to_json(),
            "recipe_hash": self.recipe_hash,
            "sfreq_hz": self.sfreq_hz,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Read what :meth:`fields` gives, also that of early versions.

        Raises
        ------
        InvalidInput
            Something else.
        """
        own = {name: value for name, value in fields.items() if name not in ("recipe_hash", "sfreq_hz")}
        try:
            return cls(
                recipe=Recipe.from_json(own.pop("recipe")),
                channel_names=writable_names(own.pop("channel_names")),
                bad_channels=tuple(BadChannel(**channel) for channel in own.pop("bad_channels", ())),
                **own,
            )
        except (KeyError, TypeError) as error:
            raise InvalidInput(f"this says of no feature table where it came from ({error})") from error


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
        Number of the flash within the recording, from 0, counted before any was left out.
    onset_samples : ndarray of int64, shape (n_epochs,)
        Sample of the flash in the recording, at its own rate.
    to_volts : ndarray of float32, shape (n_channels, n_channels), or None
        Undoes the normalisation: ``to_volts @ epoch`` is an epoch in volts, where an epoch is
        ``(n_channels, n_times)``. None in tables of early versions.
    """

    features: Float32s
    labels: Labels
    epochs: NDArray[np.int32]
    onset_samples: NDArray[np.int64]
    provenance: Provenance
    to_volts: Float32s | None = None

    @property
    def n_channels(self) -> int:
        return len(self.provenance.channel_names)

    @property
    def targets(self) -> NDArray[np.bool_]:
        """Where a Target was flashed: bool, shape (n_epochs,)."""
        return np.equal(self.labels, Label.Target)
