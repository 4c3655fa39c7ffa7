"""Whether a recording can be EEG in microvolts, sampled as it says: what no single sample shows."""

import math

import numpy as np
from numpy.typing import NDArray

from p300.domain import MICROVOLT, Float32s, Recording
from p300.errors import InvalidRecording

# Within a second, EEG has a standard deviation of 2 to 100 microvolts. The median over channels and flashes leaves
# out electrodes without contact and the time when nobody was recorded; offsets and drifts do not count in a second.
PLAUSIBLE_MICROVOLTS = (0.5, 1000.0)
# No screen shows flashes faster, one after the other.
SHORTEST_GAP_S = 0.02

_TYPICAL_MICROVOLTS = 10.0
_LOOKS = {
    6: "look like volts: multiply them by 1,000,000",
    3: "look like millivolts: multiply them by 1,000",
    2: "are about 100 times too small",
    -2: "are about 100 times too large",
    -3: "look like nanovolts: divide them by 1,000",
}
_MOST_FLASHES = 200
_SAMPLES_A_SECOND = 1000


def require_plausible(recording: Recording) -> None:
    """Read every channel once.

    Raises
    ------
    InvalidRecording
        The samples are in another unit by their spread, flashes come faster than any screen shows
        them, or a channel cannot be used.
    """
    _require_rate(recording)
    seconds = _seconds_of_flashes(recording)
    spreads = [_spread_microvolts(channel, seconds) for channel in recording.samples]
    spread = float(np.median(spreads))
    low, high = PLAUSIBLE_MICROVOLTS
    if not low <= spread <= high:
        factor = math.log10(_TYPICAL_MICROVOLTS / spread) if spread else math.inf
        looks = _LOOKS[min(_LOOKS, key=lambda exponent: abs(exponent - factor))]
        raise InvalidRecording(
            f"within a second its channels spread over {spread:.2g} microvolts, and EEG over {low:g} to {high:g}: "
            f"the samples {looks}"
        )


def _require_rate(recording: Recording) -> None:
    gaps_s = np.diff(recording.onset_samples) / recording.sfreq_hz
    if gaps_s.size and np.median(gaps_s) < SHORTEST_GAP_S:
        raise InvalidRecording(
            f"at {recording.sfreq_hz:g} Hz a flash comes every {np.median(gaps_s) * 1000:.2g} ms, faster than any "
            "screen shows them: 'sfreq_hz' is not the rate of the recording, or 'stim' is more than its flashes"
        )


def _seconds_of_flashes(recording: Recording) -> NDArray[np.int64]:
    """Samples of the second after flashes all over the recording: shape (n_flashes, n_samples)."""
    onsets = recording.onset_samples
    chosen = onsets[:: math.ceil(len(onsets) / _MOST_FLASHES)]
    step = max(1, int(recording.sfreq_hz // _SAMPLES_A_SECOND))
    samples = chosen[:, None] + np.arange(0, int(recording.sfreq_hz), step)
    seconds: NDArray[np.int64] = np.minimum(samples, len(recording.stim) - 1)
    return seconds


def _spread_microvolts(channel: Float32s, seconds: NDArray[np.int64]) -> float:
    return float(np.median(channel[seconds].std(axis=1, dtype=np.float64)) / MICROVOLT)
