"""The recipe: every scientific choice between a recording and its features, frozen and hashed."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Literal, Self, get_args

from p300.errors import InvalidInput

Normalisation = Literal["none", "channel", "euclidean"]
NORMALISATIONS: tuple[Normalisation, ...] = get_args(Normalisation)


@dataclass(frozen=True)
class Recipe:
    """How epochs are made from a recording.

    Attributes
    ----------
    band_hz : (float, float)
        Pass band of the zero-phase FIR filter.
    window_s : (float, float)
        First and last moment of an epoch around the flash, both included.
    baseline_s : (float, float) or None
        Span whose mean is taken from each channel of each epoch.
    reject_volts : float or None
        An epoch with more than this peak to peak on any channel is rejected.
    sfreq_hz : float
        Rate of the features.
    normalisation : {"none", "channel", "euclidean"}
        Label-free normalisation of the whole recording, see :mod:`p300.eeg.normalisation`.
    """

    band_hz: tuple[float, float] = (1.0, 20.0)
    window_s: tuple[float, float] = (-0.1, 0.6)
    baseline_s: tuple[float, float] | None = (-0.1, 0.0)
    reject_volts: float | None = 100e-6
    sfreq_hz: float = 100.0
    normalisation: Normalisation = "channel"

    def __post_init__(self) -> None:
        low_hz, high_hz = self.band_hz
        start_s, stop_s = self.window_s
        _require(0 < low_hz < high_hz < math.inf, "band_hz", self.band_hz, "0 < low < high")
        _require(start_s < stop_s, "window_s", self.window_s, "start before stop")
        _require(self.sfreq_hz >= 2 * high_hz, "sfreq_hz", self.sfreq_hz, f"at least twice {high_hz} Hz")
        _require(self.normalisation in NORMALISATIONS, "normalisation", self.normalisation, f"one of {NORMALISATIONS}")
        if self.baseline_s is not None:
            first_s, last_s = self.baseline_s
            inside = start_s <= first_s < last_s <= stop_s
            _require(inside, "baseline_s", self.baseline_s, f"a span inside the window {self.window_s}")
        if self.reject_volts is not None:
            _require(0 < self.reject_volts < 1, "reject_volts", self.reject_volts, "volts, above 0 and below 1")

    def to_json(self) -> str:
        """Canonical JSON: the same recipe always gives the same text."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields = json.loads(text)
        for name in ("band_hz", "window_s", "baseline_s"):
            if fields.get(name) is not None:
                fields[name] = tuple(fields[name])
        return cls(**fields)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _require(holds: bool, field: str, value: object, expected: str) -> None:
    if not holds:
        raise InvalidInput(f"recipe: {field} is {value!r}, expected {expected}")
