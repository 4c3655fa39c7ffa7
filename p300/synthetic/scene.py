"""Who is recorded in a synthetic recording, with which cap, and for how long."""

from dataclasses import dataclass
from functools import cache
from typing import Self

import mne
import numpy as np
from numpy.typing import NDArray

from p300.domain import MICROVOLT, Float32s, Float64s
from p300.errors import InvalidInput

# The caps of the Brain Invaders recordings bi2014a and of the g.tec Unicorn.
_CAPS = {
    16: ("Fp1", "Fp2", "F3", "AFz", "F4", "T7", "Cz", "T8", "P7", "P3", "Pz", "P4", "P8", "O1", "Oz", "O2"),
    8: ("Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8"),
}
# With any other number of channels these come first, then the rest of the 64.
_FIRST_CHOSEN = ("Pz", "Cz", "Oz", "Fz", "P3", "P4", "PO7", "PO8", "C3", "C4", "O1", "O2", "F3", "F4", "P7", "P8")


@dataclass(frozen=True)
class Traits:
    """What makes one subject differ from the next."""

    response_gain: float
    latency_factor: float
    background_volts: float
    spectral_slope: float
    alpha_hz: float
    alpha_volts: float
    blinks_hz: float
    blink_volts: float
    hum_volts: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        return cls(
            response_gain=rng.lognormal(0.0, 0.17),
            latency_factor=rng.normal(1.0, 0.06),
            background_volts=rng.lognormal(np.log(6.0), 0.12) * MICROVOLT,
            spectral_slope=rng.uniform(0.9, 1.3),
            alpha_hz=rng.normal(10.2, 0.7),
            alpha_volts=rng.lognormal(np.log(4.0), 0.4) * MICROVOLT,
            blinks_hz=rng.uniform(0.01, 0.07),
            blink_volts=rng.normal(170.0, 20.0) * MICROVOLT,
            hum_volts=rng.lognormal(np.log(3.0), 0.5) * MICROVOLT,
        )


@dataclass(frozen=True)
class Scene:
    """One recording before it is made. ``positions``, shape (n_channels, 3), are on a head of radius 1."""

    rng: np.random.Generator
    traits: Traits
    positions: Float64s
    sfreq_hz: float
    n_samples: int

    @property
    def n_channels(self) -> int:
        return len(self.positions)

    @property
    def times_s(self) -> Float64s:
        return np.arange(self.n_samples) / self.sfreq_hz

    def seen(self, centre: Float64s, reach: float) -> Float64s:
        """How strongly each channel sees a source below `centre`: 1 right above it, fading within `reach`."""
        distances = np.linalg.norm(self.positions - centre, axis=1)
        strengths: Float64s = np.exp(-0.5 * (distances / reach) ** 2)
        return strengths

    def overlaid(self, onsets: NDArray[np.int64], waves: Float64s) -> Float64s:
        """Sum of the waves, one a row, each from its onset on; what runs past the end is cut."""
        places = onsets[:, None] + np.arange(waves.shape[1])
        inside = places < self.n_samples
        return np.bincount(places[inside], waves[inside], self.n_samples).astype(np.float64, copy=False)


@dataclass(frozen=True)
class Sources:
    """What channels see of some sources: ``maps`` (n_channels, n_sources), ``courses`` (n_sources, n_samples)."""

    maps: Float64s
    courses: Float64s

    @property
    def samples(self) -> Float32s:
        return self.maps.astype(np.float32) @ self.courses.astype(np.float32)


def cap(n_channels: int) -> tuple[str, ...]:
    """Names of the electrodes of a cap of so many channels.

    Raises
    ------
    InvalidInput
        Fewer than 1, or more than the 64 that have a place on the head.
    """
    ordered = tuple(dict.fromkeys((*_FIRST_CHOSEN, *_head())))
    if not 1 <= n_channels <= len(ordered):
        raise InvalidInput(f"there is no cap of {n_channels} channels: expected 1 to {len(ordered)}")
    return _CAPS.get(n_channels, ordered[:n_channels])


def place(electrode: str) -> Float64s:
    """Position of an electrode on a head of radius 1, shape (3,)."""
    return _head()[electrode]


@cache
def _head() -> dict[str, Float64s]:
    places = mne.channels.make_standard_montage("biosemi64").get_positions()["ch_pos"]
    return {name: position / np.linalg.norm(position) for name, position in places.items()}
