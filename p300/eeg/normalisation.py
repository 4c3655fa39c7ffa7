"""Label-free normalisation: makes the recordings of different people alike.

Each normalisation is one (n_channels, n_channels) matrix, learnt from all kept epochs of a
recording without their labels and applied to each of them.
"""

import logging
from collections.abc import Callable, Mapping

import numpy as np

from p300.domain import Float32s, Float64s, Normalisation
from p300.eeg.channels import FLAT_VOLTS
from p300.eeg.epochs import blocks, channel_spreads
from p300.errors import InvalidRecording

logger = logging.getLogger(__name__)


def normalising_matrix(epochs: Float32s, normalisation: Normalisation, n_repaired: int = 0) -> Float64s:
    """What the epochs of one recording are to be multiplied by: ``matrix @ epoch``.

    A flat channel, or a direction that an average reference or too few epochs leave empty, cannot
    be brought to unit spread: it becomes zero, and that is logged as a warning.

    Parameters
    ----------
    epochs : ndarray of float32, shape (n_epochs, n_channels, n_times)
        Volts.
    n_repaired : int
        Channels that are mixtures of the others: so many directions are empty without a warning.

    Returns
    -------
    ndarray of float64, shape (n_channels, n_channels)
        From volts to units of the spread; the identity for ``none``.

    Raises
    ------
    InvalidRecording
        Nothing but flat channels.
    """
    return _MATRICES[normalisation](epochs, n_repaired)


def channel_scaling(epochs: Float32s, n_repaired: int = 0) -> Float64s:
    """Scale each channel by its own spread: the median over epochs of the deviation within an epoch.

    The median forgets the artefacts that stayed below the rejection limit, which a standard
    deviation over everything follows.
    """
    return np.diag(_inverse(channel_spreads(epochs), n_repaired))


def euclidean_whitening(epochs: Float32s, n_repaired: int = 0) -> Float64s:
    """Inverse square root of the mean covariance, after which that mean is the identity.

    Euclidean alignment: He & Wu 2020, "Transfer learning for brain-computer interfaces: a
    Euclidean space data alignment approach", IEEE Trans. Biomed. Eng. 67(2), eq. 4 and 5. Theirs
    sums a trial's covariance over time; here it is the mean over time, so that features have unit
    spread.
    """
    _, n_channels, n_times = epochs.shape
    total = np.zeros((n_channels, n_channels))
    for block in blocks(epochs):
        by_channel = block.transpose(1, 0, 2).reshape(n_channels, -1).astype(np.float64)
        total += by_channel @ by_channel.T
    power, directions = np.linalg.eigh(total / (len(epochs) * n_times))
    inverse_root: Float64s = (directions * _inverse(np.sqrt(power.clip(0)), n_repaired)) @ directions.T
    return inverse_root


def _identity(epochs: Float32s, _n_repaired: int) -> Float64s:
    return np.eye(epochs.shape[1])


_MATRICES: Mapping[Normalisation, Callable[[Float32s, int], Float64s]] = {
    "none": _identity,
    "channel": channel_scaling,
    "euclidean": euclidean_whitening,
}


def _inverse(spread_volts: Float64s, n_repaired: int) -> Float64s:
    """One over each spread, and zero for what is flat."""
    flat = spread_volts < FLAT_VOLTS
    if flat.all():
        raise InvalidRecording(
            "every channel is flat (below 0.01 microvolts after filtering): "
            "check that the amplifier was connected and that samples are in microvolts"
        )
    if flat.sum() > n_repaired:
        logger.warning("%d of %d channels or directions are flat: they become zero", flat.sum(), flat.size)
    return np.divide(1.0, spread_volts, out=np.zeros_like(spread_volts), where=~flat)
