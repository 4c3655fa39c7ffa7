"""xDAWN spatial filters, from class statistics.

Rivet, Souloumiac, Attina and Gibert, "xDAWN algorithm to enhance evoked potentials: application to
brain-computer interface" (2009): the filters whose output has most evoked power for its power. The
same filters as ``pyriemann.spatialfilters.Xdawn(estimator="scm")``, but no epoch is needed again.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from p300.domain import Float64s
from p300.model.sums.statistics import Statistics

RIDGE = 1e-10

Real = TypeVar("Real", np.float32, np.float64)


def xdawn_filters(by_time: Statistics, n_filters: int) -> Float64s:
    """The best filters of NonTarget, then of Target: shape (2 * n_filters, n_channels), rows of norm 1.

    Parameters
    ----------
    by_time : Statistics
        At each time alone, see :meth:`p300.model.sums.statistics.Statistics.by_time`.
    n_filters : int
        Filters a class; at most as many as there are channels.
    """
    signal = _signal_covariance(by_time)
    # Referencing to the average or aligning may leave fewer dimensions than channels.
    signal += RIDGE * np.trace(signal) / len(signal) * np.eye(len(signal))
    filters = []
    for part in by_time.classes:
        evoked = part.mean - part.mean.mean(axis=0)
        _, vectors = eigh(evoked.T @ evoked / len(evoked), signal)
        best = vectors[:, ::-1][:, :n_filters]
        filters.append((best / np.linalg.norm(best, axis=0)).T)
    return np.concatenate(filters)


def filter_epochs(epochs: NDArray[Real], filters: Float64s) -> NDArray[Real]:
    """Spatially filtered features, channel-major and of the same type: (n_epochs, n_filters * n_times)."""
    n_epochs, n_channels = len(epochs), filters.shape[1]
    filtered = filters.astype(epochs.dtype) @ epochs.reshape(n_epochs, n_channels, -1)
    return filtered.reshape(n_epochs, -1)


def unfilter_weights(weights: Float64s, filters: Float64s) -> Float64s:
    """Weights of the unfiltered features that give what ``weights`` give of the filtered ones."""
    return (filters.T @ weights.reshape(len(filters), -1)).ravel()


def _signal_covariance(by_time: Statistics) -> Float64s:
    """Covariance of the channels over all epochs and times: shape (n_channels, n_channels)."""
    n_times = len(by_time.nontarget.mean)
    total = by_time.mean.mean(axis=0)
    covariance = np.zeros((len(total), len(total)))
    for part in by_time.classes:
        apart = part.mean - total
        covariance += part.scatter.sum(axis=0) + part.count * apart.T @ apart
    return covariance / (by_time.count * n_times)
