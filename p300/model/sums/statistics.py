"""Class statistics that add up: what linear classifiers need from the epochs, and nothing more.

Counts, means and scatters of any two sets of epochs give those of their union, and of what is
left when one set is taken away again, exactly. So a fit streams subject by subject, and leaving a
subject out is a subtraction.

Sources: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
variances" (1979), formulae 2.1, here for whole scatter matrices.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dger

from p300.domain import FeatureTable, Float32s, Float64s
from p300.errors import InvalidInput
from p300.model.sums.products import gram

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class ClassStatistics:
    """Count, mean and centred scatter of the epochs of one class.

    Attributes
    ----------
    count : int
    mean : ndarray, shape (..., n)
    scatter : ndarray, shape (..., n, n)
        Sum over the epochs of the outer product of their distance from the mean with itself.
    """

    count: int
    mean: Float64s
    scatter: Float64s

    @classmethod
    def of(cls, epochs: NDArray[np.floating[Any]]) -> Self:
        """Statistics of epochs of shape (n_epochs, ..., n).

        In float64: EEG features are so correlated that a float32 scatter moves the coefficients of
        a classifier by 1e-4 of the largest.
        """
        count, *_, size = epochs.shape
        if count == 0:
            return cls(0, np.zeros(epochs.shape[1:]), np.zeros((*epochs.shape[1:], size)))
        centred = epochs.astype(np.float64)
        mean = centred.mean(axis=0)
        centred -= mean
        if epochs.ndim == 2:
            return cls(count, mean, gram(centred))
        return cls(count, mean, np.moveaxis(centred, 0, -1) @ np.moveaxis(centred, 0, -2))

    def __add__(self, other: Self) -> Self:
        count = self.count + other.count
        if count == 0:
            return self
        shift = other.mean - self.mean
        scatter = _plus_outer(self.scatter + other.scatter, shift, self.count * other.count / count)
        return type(self)(count, self.mean + shift * (other.count / count), scatter)

    def __sub__(self, part: Self) -> Self:
        """What is left without a part that was added before."""
        count = self.count - part.count
        if count <= 0:
            return type(self)(0, np.zeros_like(self.mean), np.zeros_like(self.scatter))
        shift = self.mean - part.mean
        shift *= self.count / count
        scatter = _plus_outer(self.scatter - part.scatter, shift, -part.count * count / self.count)
        # What is left of a feature that varied in the part alone is rounding: make it exactly constant.
        constant = _diagonal(scatter) <= 16 * EPSILON * _diagonal(self.scatter)
        if constant.any():
            scatter[constant[..., :, None] | constant[..., None, :]] = 0
        return type(self)(count, part.mean + shift, scatter)

    @property
    def variance(self) -> Float64s:
        """Variance of each feature: shape (..., n), divided by the count as scikit-learn does."""
        return np.divide(_diagonal(self.scatter), max(self.count, 1))

    def by_time(self, n_channels: int) -> Self:
        """The same at each time alone: mean (n_times, n_channels), scatter (n_times, n_channels, n_channels).

        They add up as well, and are small enough to keep for every subject.
        """
        mean = self.mean.reshape(n_channels, -1).T
        n_times = len(mean)
        scatter = self.scatter.reshape(n_channels, n_times, n_channels, n_times)
        return type(self)(self.count, mean.copy(), np.einsum("ctdt->tcd", scatter).copy())

    def filtered(self, filters: Float64s) -> Self:
        """Statistics of spatially filtered epochs, from those :meth:`by_time` or of whole epochs.

        Parameters
        ----------
        filters : ndarray, shape (n_filters, n_channels)
        """
        if self.mean.ndim == 2:
            return type(self)(self.count, self.mean @ filters.T, filters @ self.scatter @ filters.T)
        n_filters, n_channels = filters.shape
        n_times = len(self.mean) // n_channels
        mean = filters @ self.mean.reshape(n_channels, n_times)
        half = filters @ self.scatter.reshape(n_channels, -1)
        whole = filters @ half.reshape(n_filters * n_times, n_channels, n_times)
        size = n_filters * n_times
        return type(self)(self.count, mean.ravel(), whole.reshape(size, size))


@dataclass(frozen=True)
class Statistics:
    """The statistics of both classes, of epochs with so many channels."""

    n_channels: int
    nontarget: ClassStatistics
    target: ClassStatistics

    @classmethod
    def of(cls, table: FeatureTable) -> Self:
        """Statistics of the epochs of one subject."""
        return cls._of(table, table.features)

    @classmethod
    def by_time_of(cls, table: FeatureTable) -> Self:
        """The same as ``Statistics.of(table).by_time()``, for far less work."""
        epochs = table.features.reshape(len(table.features), table.n_channels, -1)
        return cls._of(table, epochs.transpose(0, 2, 1))

    @classmethod
    def _of(cls, table: FeatureTable, epochs: Float32s) -> Self:
        nontarget, target = ClassStatistics.of(epochs[~table.targets]), ClassStatistics.of(epochs[table.targets])
        return cls(table.n_channels, nontarget, target)

    def __add__(self, other: Self) -> Self:
        return replace(self, nontarget=self.nontarget + other.nontarget, target=self.target + other.target)

    def __sub__(self, part: Self) -> Self:
        """What is left without a part that was added before."""
        return replace(self, nontarget=self.nontarget - part.nontarget, target=self.target - part.target)

    @property
    def classes(self) -> tuple[ClassStatistics, ClassStatistics]:
        """NonTarget, then Target."""
        return self.nontarget, self.target

    @property
    def count(self) -> int:
        return self.nontarget.count + self.target.count

    @property
    def priors(self) -> Float64s:
        """Share of each class: shape (2,)."""
        return np.array([part.count for part in self.classes]) / self.count

    @property
    def mean(self) -> Float64s:
        """Mean of all epochs, whatever their class: shape (..., n)."""
        first, second = self.priors
        return np.asarray(first * self.nontarget.mean + second * self.target.mean)

    @property
    def variance(self) -> Float64s:
        """Variance of each feature over all epochs: shape (..., n)."""
        first, second = self.priors
        between = first * second * (self.target.mean - self.nontarget.mean) ** 2
        return np.asarray(first * self.nontarget.variance + second * self.target.variance + between)

    def by_time(self) -> Self:
        """At each time alone, see :meth:`ClassStatistics.by_time`."""
        parts = (part.by_time(self.n_channels) for part in self.classes)
        return type(self)(self.n_channels, *parts)

    def filtered(self, filters: Float64s) -> Self:
        """Of spatially filtered epochs; filters have shape (n_filters, n_channels)."""
        parts = (part.filtered(filters) for part in self.classes)
        return type(self)(len(filters), *parts)


@dataclass(frozen=True)
class Standardiser:
    """How the epochs of one class are standardised: ``sqrt(precision) * (x - mean)``.

    Attributes
    ----------
    mean : ndarray, shape (n_features,)
    precision : ndarray, shape (n_features,)
        One over the variance; 0 for features that are constant within the class.
    """

    mean: Float64s
    precision: Float64s

    @classmethod
    def of(cls, part: ClassStatistics) -> Self:
        """From the statistics of whole epochs, or from those by time."""
        mean, variance = part.mean.T.ravel(), part.variance.T.ravel()
        scale, constant = spread(variance, mean, part.count)
        return cls(mean, np.where(constant, 0.0, scale**-2.0))


def require_classes(statistics: Statistics, who: str) -> None:
    """Raise InvalidInput when there are no epochs of one of the classes."""
    for part, name in zip(statistics.classes, ("NonTarget", "Target"), strict=True):
        if part.count == 0:
            raise InvalidInput(f"{who} no {name} epochs: a classifier needs both classes")


def spread(variance: Float64s, mean: Float64s, count: int) -> tuple[Float64s, NDArray[np.bool_]]:
    """Standard deviations with 1 in the place of constant features, and which features are constant.

    Constant is what scikit-learn's ``StandardScaler`` calls so: variance within its own rounding.
    """
    rounding = count * EPSILON * variance + (count * EPSILON * mean) ** 2
    constant = variance <= rounding
    return np.where(constant, 1.0, np.sqrt(np.maximum(variance, 0))), constant


def _diagonal(matrices: Float64s) -> Float64s:
    return np.diagonal(matrices, axis1=-2, axis2=-1)


def _plus_outer(matrices: Float64s, vectors: Float64s, factor: float) -> Float64s:
    """Add each vector's outer product with itself to its matrix, in the memory of the matrices."""
    if matrices.ndim == 2:  # BLAS makes no temporary: a third of the time for a large matrix
        return np.asarray(dger(factor, vectors, vectors, a=matrices.T, overwrite_a=True)).T
    matrices += (factor * vectors)[..., :, None] * vectors[..., None, :]
    return matrices
