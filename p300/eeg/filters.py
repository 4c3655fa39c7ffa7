"""The band-pass: a zero-phase FIR filter, equal to MNE's ``raw.filter`` up to float64 rounding.

It works in float64. Amplifiers add offsets and drifts thousands of times larger than the EEG, and
float32 would round the EEG away with them.
"""

from functools import lru_cache

import numpy as np
from mne.filter import create_filter
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft

from p300.domain import Float32s, Float64s
from p300.errors import InvalidRecording

# An FFT about five times as long as the filter costs least here; its blocks stay in the CPU's cache.
_LEAST_FFT_LENGTHS = 4
_BLOCKS_AT_ONCE = 8


@lru_cache(maxsize=16)
def design_band_pass(band_hz: tuple[float, float], sfreq_hz: float) -> Float64s:
    """Taps of MNE's default design: windowed sinc (``firwin``), Hamming, odd and symmetric.

    The transition bands and the length follow from the band, as documented in
    :func:`mne.filter.create_filter`; for 1 to 20 Hz it is 3.3 seconds long.

    Returns
    -------
    ndarray of float64, shape (n_taps,), read-only

    Raises
    ------
    InvalidRecording
        The rate is too low for the band.
    """
    low_hz, high_hz = band_hz
    if sfreq_hz <= 2 * high_hz:
        raise InvalidRecording(
            f"sampled at {sfreq_hz:g} Hz, too slow for the band up to {high_hz:g} Hz: "
            f"record faster than {2 * high_hz:g} Hz or lower band_hz in the recipe"
        )
    taps: Float64s = create_filter(None, sfreq_hz, low_hz, high_hz, verbose="ERROR")
    taps.setflags(write=False)
    return taps


def apply_filter(signal: Float32s | Float64s, taps: Float64s) -> Float64s:
    """Convolve one channel with symmetric taps, each moment staying where it was.

    By overlap-save: FFTs of overlapping blocks, of which only the settled part is kept. A signal
    shorter than the filter works too, distorted at both ends just as MNE distorts it.

    Parameters
    ----------
    signal : ndarray of float, shape (n_samples,)
        In any unit; at least one sample.
    taps : ndarray of float64, shape (n_taps,)

    Returns
    -------
    ndarray of float64, shape (n_samples,)
    """
    n_taps = len(taps)
    n_fft = 1 << (_LEAST_FFT_LENGTHS * n_taps - 1).bit_length()
    n_settled = n_fft - n_taps + 1
    n_blocks = -(-len(signal) // n_settled)
    extended = _mirror_ends(signal, n_taps // 2, n_blocks * n_settled + n_taps - 1)
    blocks = sliding_window_view(extended, n_fft)[::n_settled]
    response = fft.rfft(taps, n_fft)
    settled = np.empty((n_blocks, n_settled))
    for first in range(0, n_blocks, _BLOCKS_AT_ONCE):
        some = slice(first, first + _BLOCKS_AT_ONCE)
        spectra = fft.rfft(blocks[some])
        spectra *= response
        settled[some] = fft.irfft(spectra, n_fft, overwrite_x=True)[:, n_taps - 1 :]
    filtered: Float64s = settled.reshape(-1)[: len(signal)]
    return filtered


def _mirror_ends(signal: Float32s | Float64s, n_before: int, n_total: int) -> Float64s:
    """Put the signal at ``n_before`` and turn it about its end points on either side.

    MNE calls it ``reflect_limited``: where a short signal has nothing left to turn, there is zero.
    """
    n_mirrored = min(n_before, len(signal) - 1)
    n_after = n_before + len(signal)
    extended = np.zeros(n_total)
    extended[n_before:n_after] = signal
    inside = extended[n_before:n_after]
    extended[n_before - n_mirrored : n_before] = 2 * inside[0] - inside[n_mirrored:0:-1]
    extended[n_after : n_after + n_mirrored] = 2 * inside[-1] - inside[-2 : -n_mirrored - 2 : -1]
    return extended
