"""Recordings that look like the real thing, for demonstrations, tests and benchmarks.

Each is a sum of what an EEG amplifier sees: background activity with a 1/f spectrum and spatial
covariance, alpha bursts, blinks, mains hum, electrode offsets and drifts, and the responses to the
flashes of a visual speller, which overlap because flashes come faster than responses pass.

The amplitudes are set so that subjects are as hard for a classifier as real ones: on ten of the
default shape, linear discriminant analysis has a leave-one-subject-out AUC of .80 to .89, and a
subject more to train on still helps.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p300.domain import MICROVOLT, Float64s, Label, Labels, Recording
from p300.errors import InvalidInput
from p300.synthetic.noise import alpha, background, blinks, drifts, hum
from p300.synthetic.scene import Scene, Sources, Traits, cap, place

LOWEST_SFREQ_HZ = 100.0

_LEAD_S = 2.0
_PAUSE_S = 0.4


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
    Response(0.37, 0.065, 10.0, "Pz", 0.7, to_targets_only=True),  # the P300
)


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
    _require(seed >= 0 and subject >= 1, f"subject {subject} and seed {seed}", "a subject from 1 and a seed from 0")
    _require(LOWEST_SFREQ_HZ <= sfreq_hz < math.inf, f"sfreq_hz {sfreq_hz:g}", f"at least {LOWEST_SFREQ_HZ:g}")
    _require(n_repetitions >= 1, f"n_repetitions {n_repetitions}", "at least 1")
    _require(1 <= n_targets < n_flashes, f"n_targets {n_targets}", f"from 1 to one less than the {n_flashes} flashes")
    channel_names = cap(n_channels)
    rng = np.random.default_rng((seed, subject))
    traits = Traits.draw(rng)
    onsets, labels = _flashes(rng, sfreq_hz, n_repetitions, n_flashes, n_targets)
    positions = np.stack([place(name) for name in channel_names])
    scene = Scene(rng, traits, positions, sfreq_hz, int(onsets[-1] + _LEAD_S * sfreq_hz))

    samples = background(scene)
    for sources in (_responses(scene, onsets, labels), alpha(scene), blinks(scene), hum(scene)):
        samples += sources.samples
    # Not all electrodes sit equally well on the scalp.
    samples *= rng.lognormal(0, 0.12, (n_channels, 1)).astype(np.float32)
    samples += drifts(scene)
    stim = np.zeros(scene.n_samples, dtype=np.int8)
    stim[onsets] = labels
    return Recording(samples, stim, float(sfreq_hz), channel_names)


def _require(holds: bool, given: str, expected: str) -> None:
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


def _responses(scene: Scene, onsets: NDArray[np.int64], labels: Labels) -> Sources:
    """What the flashes evoke. Where on the scalp varies by subject; when and how strongly, by flash too."""
    maps, courses = [], []
    for response in RESPONSES:
        centre = place(response.centre) + scene.rng.normal(0, 0.2, 3)
        folds = scene.rng.normal(0, 0.14, scene.n_channels)
        maps.append(scene.seen(centre / np.linalg.norm(centre), response.reach) + folds)
        courses.append(_course(scene, response, onsets[labels == Label.Target] if response.to_targets_only else onsets))
    return Sources(np.stack(maps, axis=1), np.stack(courses))


def _course(scene: Scene, response: Response, onsets: NDArray[np.int64]) -> Float64s:
    rng, traits = scene.rng, scene.traits
    latency_s = response.latency_s * traits.latency_factor * rng.normal(1.0, 0.02)
    latencies_s = latency_s + rng.normal(0, 0.3 * response.width_s, (len(onsets), 1))
    volts = traits.response_gain * rng.lognormal(0, 0.15) * response.microvolts * MICROVOLT
    heights_volts = volts * np.maximum(rng.normal(1.0, 0.4, (len(onsets), 1)), 0.0)
    times_s = np.arange(int((latency_s + 5 * response.width_s) * scene.sfreq_hz)) / scene.sfreq_hz
    return scene.overlaid(onsets, heights_volts * np.exp(-0.5 * ((times_s - latencies_s) / response.width_s) ** 2))
