"""LDA whose covariance depends on channels and time lags alone: block-Toeplitz.

Sosulski and Tangermann, "Introducing block-Toeplitz covariance matrices to remaster linear
discriminant analysis for event-related potential brain-computer interfaces", Journal of Neural
Engineering 19 (2022): EEG noise is taken as stationary within an epoch, so the covariances of
equal time lags are averaged. A taper that falls linearly with the lag keeps the result definite.
"""

import numpy as np

from p300.domain import Float64s
from p300.model.linear.lda import Shrinkage
from p300.model.linear.model import LinearModel, separate
from p300.model.linear.shrinkage import ledoit_wolf
from p300.model.sums.statistics import Standardiser, Statistics


def channel_standardisers(by_time: Statistics) -> tuple[Standardiser, Standardiser]:
    """Each channel by its spread within the classes, the same at all times, as stationarity asks for.

    Parameters
    ----------
    by_time : Statistics
        At each time alone, see :meth:`p300.model.sums.statistics.Statistics.by_time`.
    """
    first, second = by_time.priors
    by_time_variance = first * by_time.nontarget.variance + second * by_time.target.variance
    variance = by_time_variance.mean(axis=0)
    precision = np.divide(1.0, variance, out=np.zeros_like(variance), where=variance > 0)
    precisions = np.repeat(precision, len(by_time_variance))
    nontarget, target = (Standardiser(part.mean.T.ravel(), precisions) for part in by_time.classes)
    return nontarget, target


def toeplitz_lda(statistics: Statistics, shrinkage: Shrinkage, quartic_sums: Float64s, *, taper: bool) -> LinearModel:
    """Fit block-Toeplitz LDA, of raw features.

    Parameters
    ----------
    statistics : Statistics
        Of whole epochs, both classes present.
    shrinkage : float or "auto"
        Of the pooled covariance, before its lags are averaged.
    quartic_sums : ndarray, shape (2,)
        For ``"auto"``, of epochs standardised by :func:`channel_standardisers`.
    taper : bool
        Whether covariances fall linearly to zero with the lag.
    """
    precision = channel_standardisers(statistics.by_time())[0].precision
    root = np.sqrt(precision)
    scatter = statistics.nontarget.scatter + statistics.target.scatter
    if shrinkage == "auto":
        shrinkage = ledoit_wolf(scatter, precision, statistics.count, float(np.sum(quartic_sums)))
    covariance = scatter / statistics.count * root * root[:, None]
    level = np.trace(covariance) / len(covariance)
    covariance *= 1 - shrinkage
    covariance.flat[:: len(covariance) + 1] += shrinkage * level
    means = np.stack([part.mean * root for part in statistics.classes])
    scaled = separate(block_toeplitz(covariance, statistics.n_channels, taper=taper), means, statistics.priors)
    return LinearModel(scaled.weights * root, scaled.bias)


def block_toeplitz(covariance: Float64s, n_channels: int, *, taper: bool) -> Float64s:
    """Average a channel-major covariance over equal lags: (n_channels * n_times) squared, as it came."""
    n_times = len(covariance) // n_channels
    blocks = covariance.reshape(n_channels, n_times, n_channels, n_times)
    stationary = np.empty_like(blocks)
    for lag in range(n_times):
        early = np.arange(n_times - lag)
        later = early + lag
        mean = blocks[:, early, :, later].mean(axis=0)
        if taper:
            mean *= 1 - lag / n_times
        stationary[:, early, :, later] = mean
        stationary[:, later, :, early] = mean.T
    return stationary.reshape(covariance.shape)
