"""What an EEG amplifier sees besides the responses to flashes, for synthetic recordings."""

import numpy as np
from scipy.fft import irfft, next_fast_len

from p300.domain import MICROVOLT, Float32s
from p300.synthetic.scene import Scene, Sources, place

MAINS_HZ = 50.0


def background(scene: Scene) -> Float32s:
    """Activity of many sources with a 1/f spectrum: near electrodes see nearly the same.

    No two heads conduct alike, so no two subjects have the same covariance.
    """
    distances = np.linalg.norm(scene.positions[:, None] - scene.positions[None], axis=-1)
    covariance = 0.95 * np.exp(-distances / 1.6) + 0.05 * np.eye(scene.n_channels)
    mixing = np.linalg.cholesky(covariance) + scene.rng.normal(0, 0.1, covariance.shape)
    mixing *= scene.traits.background_volts
    samples: Float32s = mixing.astype(np.float32) @ _pink(scene)
    return samples


def _pink(scene: Scene) -> Float32s:
    """Noise of unit power between 1 and 20 Hz, shape (n_channels, n_samples), made in the frequency domain."""
    n_fft = next_fast_len(scene.n_samples, real=True)
    freqs_hz = np.fft.rfftfreq(n_fft, 1 / scene.sfreq_hz)
    power = np.maximum(freqs_hz, 0.1) ** -scene.traits.spectral_slope
    power[0] = 0.0
    power /= 2 * power[(freqs_hz >= 1) & (freqs_hz <= 20)].sum()
    amplitudes = (np.sqrt(power / 2) * n_fft).astype(np.float32)
    parts = scene.rng.standard_normal((scene.n_channels, len(freqs_hz), 2), dtype=np.float32)
    spectrum = parts.view(np.complex64)[..., 0] * amplitudes
    return np.asarray(irfft(spectrum, n_fft, overwrite_x=True)[:, : scene.n_samples], dtype=np.float32)


def drifts(scene: Scene) -> Float32s:
    """Each electrode's offset, and its slow random walk around it."""
    seconds = np.arange(scene.times_s[-1] + 2)
    offsets = scene.rng.normal(0, 500, (scene.n_channels, 1))
    walks = offsets + scene.rng.normal(0, 1.5, (scene.n_channels, len(seconds))).cumsum(axis=1)
    return np.stack([np.interp(scene.times_s, seconds, walk * MICROVOLT) for walk in walks]).astype(np.float32)


def alpha(scene: Scene) -> Sources:
    """Occipital bursts: the subject's alpha rhythm behind an envelope that comes and goes."""
    rng, times_s = scene.rng, scene.times_s
    knots_s = np.arange(0, times_s[-1] + 1, 0.5)
    envelope = np.interp(times_s, knots_s, np.maximum(rng.normal(0.3, 1.0, len(knots_s)), 0.0))
    phase = np.interp(times_s, knots_s, rng.normal(0, 0.6, len(knots_s)).cumsum())
    rhythm = np.sin(2 * np.pi * scene.traits.alpha_hz * times_s + phase)
    volts = scene.seen(place("Oz"), 0.6) * scene.traits.alpha_volts
    return Sources(volts[:, None], (envelope * rhythm)[None])


def blinks(scene: Scene) -> Sources:
    """Frontal deflections of some 0.3 s."""
    rng, traits = scene.rng, scene.traits
    n_blinks = rng.poisson(traits.blinks_hz * scene.n_samples / scene.sfreq_hz)
    onsets = rng.integers(0, scene.n_samples, n_blinks)
    wave = np.sin(np.linspace(0, np.pi, int(0.3 * scene.sfreq_hz))) ** 2
    volts = scene.seen(place("Fpz"), 0.45) * traits.blink_volts
    return Sources(volts[:, None], scene.overlaid(onsets, rng.lognormal(0, 0.2, (n_blinks, 1)) * wave)[None])


def hum(scene: Scene) -> Sources:
    """Mains, as strong on each electrode as its contact is bad; none where the rate cannot carry it."""
    volts = scene.rng.lognormal(0, 0.5, (scene.n_channels, 1)) * scene.traits.hum_volts
    carried = scene.sfreq_hz > 2 * MAINS_HZ
    return Sources(volts, np.sin(2 * np.pi * MAINS_HZ * scene.times_s)[None] * carried)
