"""The recipe: every scientific choice between a recording and its features, frozen and hashed."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

from p300.errors import InvalidInput

Normalisation = Literal["none", "channel", "euclidean"]
NORMALISATIONS: tuple[Normalisation, ...] = get_args(Normalisation)
BadChannels = Literal["keep", "repair"]
BAD_CHANNELS: tuple[BadChannels, ...] = get_args(BadChannels)

# Beyond these no EEG is recorded or epoch cut, but a filter or an epoch would fill the memory.
LOWEST_EDGE_HZ = 0.01
LONGEST_S = 10.0
HIGHEST_FEATURE_SFREQ_HZ = 10_000.0

# What recipes meant before they had these fields.
_BEFORE_LATER_FIELDS: Mapping[str, Any] = MappingProxyType({"reject_deviations": None, "bad_channels": "keep"})
_SPANS = ("band_hz", "window_s", "baseline_s")


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
    reject_deviations : float or None
        An epoch that on any channel swings by so many robust deviations more than is usual for the
        channel is rejected, see :func:`p300.eeg.artifacts.exceeding_usual`.
    bad_channels : {"keep", "repair"}
        Whether channels that recorded nothing or noise are found and repaired from the others, see
        :mod:`p300.eeg.channels`.

    Raises
    ------
    InvalidInput
        Naming the field that makes no sense, and what was expected.
    """

    band_hz: tuple[float, float] = (0.75, 14.0)
    window_s: tuple[float, float] = (0.0, 0.8)
    baseline_s: tuple[float, float] | None = None
    reject_volts: float | None = None
    sfreq_hz: float = 100.0
    normalisation: Normalisation = "euclidean"
    reject_deviations: float | None = 4.0
    bad_channels: BadChannels = "repair"

    def __post_init__(self) -> None:
        for name in ("band_hz", "window_s") if self.baseline_s is None else _SPANS:
            self._require(_is_span(getattr(self, name)), name, "two numbers")
        low_hz, high_hz = self.band_hz
        start_s, stop_s = self.window_s
        self._require(LOWEST_EDGE_HZ <= low_hz < high_hz, "band_hz", f"{LOWEST_EDGE_HZ:g} <= low < high")
        self._require(-LONGEST_S <= start_s < stop_s <= LONGEST_S, "window_s", f"start before stop, in {LONGEST_S:g} s")
        self._require(_is_number(self.sfreq_hz), "sfreq_hz", "a number")
        self._require(self.sfreq_hz >= 2 * high_hz, "sfreq_hz", f"at least twice {high_hz} Hz")
        self._require(self.sfreq_hz <= HIGHEST_FEATURE_SFREQ_HZ, "sfreq_hz", f"at most {HIGHEST_FEATURE_SFREQ_HZ:g} Hz")
        self._require(self.normalisation in NORMALISATIONS, "normalisation", f"one of {', '.join(NORMALISATIONS)}")
        if self.baseline_s is not None:
            first_s, last_s = self.baseline_s
            inside = start_s <= first_s < last_s <= stop_s
            self._require(inside, "baseline_s", f"a span inside the window {self.window_s}")
        if self.reject_volts is not None:
            in_volts = _is_number(self.reject_volts) and 0 < self.reject_volts < 1
            self._require(in_volts, "reject_volts", "volts, above 0 and below 1")
        if self.reject_deviations is not None:
            above = _is_number(self.reject_deviations) and self.reject_deviations > 0
            self._require(above, "reject_deviations", "a number above 0")
        self._require(self.bad_channels in BAD_CHANNELS, "bad_channels", f"one of {', '.join(BAD_CHANNELS)}")

    def _require(self, holds: bool, field: str, expected: str) -> None:
        if not holds:
            raise InvalidInput(f"recipe: {field} is {getattr(self, field)!r}, expected {expected}")

    def to_json(self) -> str:
        """Canonical JSON: the same recipe always gives the same text."""
        return json.dumps(self.fields(), sort_keys=True, separators=(",", ":"))

    def fields(self) -> dict[str, Any]:
        """Content of the canonical JSON by field: later fields only where they say something new."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in _BEFORE_LATER_FIELDS or value != _BEFORE_LATER_FIELDS[name]
        }

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the JSON of a recipe; fields that it leaves out have their defaults.

        But one with all fields of the first version means what it meant then, so that the texts and
        hashes in stored tables and models stay what they are.

        Raises
        ------
        InvalidInput
            It is no JSON object, has fields that no recipe has, or values that make no sense.
        """
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"recipe: this is no JSON ({error})") from error
        return cls.from_fields(content)

    @classmethod
    def from_fields(cls, content: object) -> Self:
        """Read what :meth:`fields` gives, or the JSON of it; raises like :meth:`from_json`."""
        if not isinstance(content, Mapping):
            raise InvalidInput(f"recipe: {content!r:.60} is no JSON object with fields")
        known = [field.name for field in fields(cls)]
        unknown = [str(name) for name in content if name not in known]
        if unknown:
            raise InvalidInput(f"recipe: there is no field {unknown[0]!r:.60}, expected {', '.join(known)}")
        before = _BEFORE_LATER_FIELDS if set(known) - set(_BEFORE_LATER_FIELDS) <= set(content) else {}
        return cls(**{name: _untyped(name, value) for name, value in {**before, **content}.items()})

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _untyped(name: str, value: Any) -> Any:
    """What JSON has no type for, before the recipe checks it."""
    return tuple(value) if name in _SPANS and isinstance(value, list) else value


def _is_span(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(map(_is_number, value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
