"""Recordings that look like the real thing, for demonstrations, tests and benchmarks.

Each is a sum of what an EEG amplifier sees: background activity with a 1/f spectrum and spatial
covariance, alpha bursts, blinks, mains hum, electrode offsets and drifts, and the responses to the
flashes of a visual speller, which overlap because flashes come faster than responses pass.
"""

from dataclasses import dataclass
from functools import cache

import mne
import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len

from p300.domain import MICROVOLT, Float32s, Float64s, Label, Labels, Recording
from p300.errors import InvalidInput

LOWEST_SFREQ_HZ = 100.0
MAINS_HZ = 50.0

_LEAD_S = 2.0
_PAUSE_S = 0.4

# The caps of the Brain Invaders recordings bi2014a and of the g.tec Unicorn.
_CAPS = {
    16: ("Fp1", "Fp2", "F3", "AFz", "F4", "T7", "Cz", "T8", "P7", "P3", "Pz", "P4", "P8", "O1", "Oz", "O2"),
    8: ("Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8"),
}
# With any other number of channels these come first, then the rest of the 64.
_FIRST_CHOSEN = ("Pz", "Cz", "Oz", "Fz", "P3", "P4", "PO7", "PO8", "C3", "C4", "O1", "O2", "F3", "F4", "P7", "P8")


@dataclass(frozen=True)
class Response:
    """One component of the response to a flash: a Gaussian in time and over the scalp.

    ``reach`` is the distance from the electrode ``centre``, on a head of radius 1, at which the
    Gaussian over the scalp has its standard deviation.
    """

    latency_s: float
    width_s: float
    microvolts: float
    centre: str
    reach: float
    to_targets_only: bool


RESPONSES = (
    Response(0.10, 0.018, 1.6, "Oz", 0.6, to_targets_only=False),
    Response(0.17, 0.024, -2.4, "POz", 0.7, to_targets_only=False),
    Response(0.22, 0.030, -4.0, "POz", 0.6, to_targets_only=True),
    Response(0.37, 0.065, 11.0, "Pz", 0.7, to_targets_only=True),  # the P300
)


@dataclass(frozen=True)
class _Traits:
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
    def draw(cls, rng: np.random.Generator) -> "_Traits":
        return cls(
            response_gain=rng.lognormal(0.0, 0.2),
            latency_factor=rng.normal(1.0, 0.06),
            background_volts=rng.lognormal(np.log(6.5), 0.12) * MICROVOLT,
            spectral_slope=rng.uniform(0.9, 1.3),
            alpha_hz=rng.normal(10.2, 0.7),
            alpha_volts=rng.lognormal(np.log(4.0), 0.4) * MICROVOLT,
            blinks_hz=rng.uniform(0.01, 0.07),
            blink_volts=rng.normal(170.0, 20.0) * MICROVOLT,
            hum_volts=rng.lognormal(np.log(3.0), 0.5) * MICROVOLT,
        )


@dataclass(frozen=True)
class _Scene:
    """Who is recorded, with what, and for how long; ``positions`` has shape (n_channels, 3)."""

    rng: np.random.Generator
    traits: _Traits
    positions: Float64s
    sfreq_hz: float
    n_samples: int

    @property
    def n_channels(self) -> int:
        return len(self.positions)

    @property
    def times_s(self) -> Float32s:
        return np.arange(self.n_samples, dtype=np.float32) / np.float32(self.sfreq_hz)


def synthesize(  # noqa: PLR0913 - the shape of an experiment, each part with a default
    subject: int,
    *,
    seed: int = 0,
    n_channels: int = 16,
    sfreq_hz: float = 512.0,
    n_repetitions: int = 99,
    n_flashes: int = 12,
    n_targets: int = 2,
) -> Recording:
    """Make the recording of one subject; the defaults are the shape of bi2014a.

    Parameters
    ----------
    subject, seed : int
        They decide everything that is random: the same two give the same samples.
    n_repetitions, n_flashes, n_targets : int
        Each repetition flashes `n_flashes` times in random order, `n_targets` of them on the target.

    Raises
    ------
    InvalidInput
        A shape that is no experiment, or more channels than the 64 that have a place on the head.
    """
    _check(seed >= 0 and subject >= 1, f"seed {seed} and subject {subject}", "a seed from 0 and a subject from 1")
    _check(sfreq_hz >= LOWEST_SFREQ_HZ, f"sfreq_hz {sfreq_hz:g}", f"at least {LOWEST_SFREQ_HZ:g}")
    _check(n_repetitions >= 1, f"n_repetitions {n_repetitions}", "at least 1")
    _check(1 <= n_targets < n_flashes, f"n_targets {n_targets}", f"from 1 to one less than the {n_flashes} flashes")
    channel_names = cap(n_channels)
    rng = np.random.default_rng((seed, subject))
    traits = _Traits.draw(rng)
    onsets, labels = _flashes(rng, sfreq_hz, n_repetitions, n_flashes, n_targets)
    positions = np.stack([_head()[name] for name in channel_names])
    scene = _Scene(rng, traits, positions, sfreq_hz, int(onsets[-1] + _LEAD_S * sfreq_hz))
    stim = np.zeros(scene.n_samples, dtype=np.int8)
    stim[onsets] = labels

    samples = _background(scene)
    samples += _drifts(scene)
    for maps, courses in (_responses(scene, onsets, labels), _alpha(scene), _blinks(scene), _hum(scene)):
        samples += maps @ courses
    samples *= rng.lognormal(0, 0.12, (n_channels, 1)).astype(np.float32)
    return Recording(samples, stim, float(sfreq_hz), channel_names)


def cap(n_channels: int) -> tuple[str, ...]:
    """Names of the electrodes of a cap of so many channels."""
    _check(1 <= n_channels <= len(_head()), f"n_channels {n_channels}", f"from 1 to {len(_head())}")
    ordered = dict.fromkeys((*_FIRST_CHOSEN, *_head()))
    return _CAPS.get(n_channels, tuple(ordered)[:n_channels])


@cache
def _head() -> dict[str, Float64s]:
    places = mne.channels.make_standard_montage("biosemi64").get_positions()["ch_pos"]
    return {name: place / np.linalg.norm(place) for name, place in places.items()}


def _check(holds: bool, given: str, expected: str) -> None:
    if not holds:
        raise InvalidInput(f"a synthetic recording cannot have {given}: expected {expected}")


def _flashes(
    rng: np.random.Generator, sfreq_hz: float, n_repetitions: int, n_flashes: int, n_targets: int
) -> tuple[NDArray[np.int64], Labels]:
    """Samples and labels of the flashes: one about every 0.2 s, each repetition in its own order."""
    gaps_s = 0.1 + np.clip(rng.exponential(0.1, (n_repetitions, n_flashes)), 0.02, 0.5)
    gaps_s[1:, 0] += _PAUSE_S
    gaps_s[0, 0] = _LEAD_S
    onsets = np.round(np.cumsum(gaps_s) * sfreq_hz).astype(np.int64)
    repetition = np.full(n_flashes, Label.NonTarget, dtype=np.int8)
    repetition[:n_targets] = Label.Target
    return onsets, rng.permuted(np.tile(repetition, (n_repetitions, 1)), axis=1).ravel()


def _background(scene: _Scene) -> Float32s:
    """Activity of many sources with a 1/f spectrum: near electrodes see nearly the same."""
    distances = np.linalg.norm(scene.positions[:, None] - scene.positions[None], axis=-1)
    covariance = 0.95 * np.exp(-distances / 1.6) + 0.05 * np.eye(scene.n_channels)
    mixing = np.linalg.cholesky(covariance) * scene.traits.background_volts
    return mixing.astype(np.float32) @ _pink(scene, scene.n_channels)


def _pink(scene: _Scene, n_courses: int) -> Float32s:
    """Noise of unit power between 1 and 20 Hz, shape (n_courses, n_samples), made in the frequency domain."""
    n_fft = next_fast_len(scene.n_samples, real=True)
    freqs_hz = np.fft.rfftfreq(n_fft, 1 / scene.sfreq_hz)
    power = np.maximum(freqs_hz, 0.1) ** -scene.traits.spectral_slope
    power[0] = 0.0
    power /= 2 * power[(freqs_hz >= 1) & (freqs_hz <= 20)].sum()
    spectrum = scene.rng.standard_normal((n_courses, len(freqs_hz), 2), dtype=np.float32).view(np.complex64)[..., 0]
    spectrum *= np.sqrt(power / 2).astype(np.float32) * np.float32(n_fft)
    noise: Float32s = irfft(spectrum, n_fft, overwrite_x=True)[:, : scene.n_samples]
    return noise


def _drifts(scene: _Scene) -> Float32s:
    """Each electrode's offset, and its slow random walk around it."""
    rng, times_s = scene.rng, scene.times_s
    steps_s = np.arange(times_s[-1] + 2)
    walks = rng.normal(0, 500, (scene.n_channels, 1)) + rng.normal(0, 1.5, (scene.n_channels, len(steps_s))).cumsum(1)
    return np.stack([np.interp(times_s, steps_s, walk * MICROVOLT) for walk in walks]).astype(np.float32)


def _responses(scene: _Scene, onsets: NDArray[np.int64], labels: Labels) -> tuple[Float32s, Float32s]:
    """What each flash evokes; latency and amplitude vary by subject and by flash."""
    maps, courses = [], []
    for response in RESPONSES:
        evoking = onsets[labels == Label.Target] if response.to_targets_only else onsets
        centre = _head()[response.centre] + scene.rng.normal(0, 0.2, 3)
        maps.append(_map(scene, centre / np.linalg.norm(centre), response.reach))
        courses.append(_course(scene, response, evoking))
    return np.stack(maps, axis=1), np.stack(courses)


def _course(scene: _Scene, response: Response, onsets: NDArray[np.int64]) -> Float32s:
    rng, traits = scene.rng, scene.traits
    latency_s = response.latency_s * traits.latency_factor * rng.normal(1.0, 0.02)
    latencies_s = latency_s + rng.normal(0, 0.3 * response.width_s, (len(onsets), 1))
    gain = traits.response_gain * rng.lognormal(0, 0.15) * response.microvolts * MICROVOLT
    gains = gain * np.maximum(rng.normal(1.0, 0.4, (len(onsets), 1)), 0.0)
    window = np.arange(int((latency_s + 5 * response.width_s) * scene.sfreq_hz))
    waves = gains * np.exp(-0.5 * ((window / scene.sfreq_hz - latencies_s) / response.width_s) ** 2)
    return _overlaid(scene, onsets, waves)


def _overlaid(scene: _Scene, onsets: NDArray[np.int64], waves: Float64s) -> Float32s:
    """Sum of the waves, one a row, each from its onset on; what runs past the end is cut."""
    places = onsets[:, None] + np.arange(waves.shape[1])
    inside = places < scene.n_samples
    return np.bincount(places[inside], waves[inside], scene.n_samples).astype(np.float32)


def _map(scene: _Scene, centre: Float64s, reach: float) -> Float32s:
    """How strongly each channel sees a source below `centre`, 1 right above it; shape (n_channels,)."""
    distances = np.linalg.norm(scene.positions - centre, axis=1)
    return np.exp(-0.5 * (distances / reach) ** 2).astype(np.float32)


def _alpha(scene: _Scene) -> tuple[Float32s, Float32s]:
    """Occipital bursts: the subject's alpha rhythm behind an envelope that comes and goes."""
    rng, times_s = scene.rng, scene.times_s
    steps_s = np.arange(0, times_s[-1] + 1, 0.5)
    envelope = np.interp(times_s, steps_s, np.maximum(rng.normal(0.3, 1.0, len(steps_s)), 0.0))
    wander = np.interp(times_s, steps_s, rng.normal(0, 0.6, len(steps_s)).cumsum())
    rhythm = np.sin(2 * np.pi * scene.traits.alpha_hz * times_s + wander)
    map_ = _map(scene, _head()["Oz"], 0.6) * scene.traits.alpha_volts
    return map_[:, None].astype(np.float32), (envelope * rhythm)[None].astype(np.float32)


def _blinks(scene: _Scene) -> tuple[Float32s, Float32s]:
    """Frontal deflections of some 0.3 s."""
    rng, traits = scene.rng, scene.traits
    n_blinks = rng.poisson(traits.blinks_hz * scene.n_samples / scene.sfreq_hz)
    onsets = rng.integers(0, scene.n_samples, n_blinks)
    phase = np.linspace(0, 1, int(0.3 * scene.sfreq_hz))
    waves = rng.lognormal(0, 0.2, (n_blinks, 1)) * np.sin(np.pi * phase) ** 2
    map_ = _map(scene, _head()["Fpz"], 0.45) * traits.blink_volts
    return map_[:, None].astype(np.float32), _overlaid(scene, onsets, waves)[None]


def _hum(scene: _Scene) -> tuple[Float32s, Float32s]:
    """Mains, as strong on each electrode as its contact is bad; none where the rate cannot carry it."""
    strengths = scene.rng.lognormal(0, 0.5, (scene.n_channels, 1)) * scene.traits.hum_volts
    heard = MAINS_HZ < scene.sfreq_hz / 2
    wave = np.sin(2 * np.pi * MAINS_HZ * np.arange(scene.n_samples) / scene.sfreq_hz) * heard
    return strengths.astype(np.float32), wave[None].astype(np.float32)
