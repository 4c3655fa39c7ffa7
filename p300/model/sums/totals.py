"""The statistics of many subjects' epochs, added up in place.

The same as adding :class:`p300.model.sums.statistics.Statistics` of each subject, without a new matrix
for each of them: memory that is asked for and given back 50 times costs as much as the products.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.linalg.blas import dsymv

from p300.domain import FeatureTable, Float32s, Float64s
from p300.model.sums.products import add_gram, mirrored
from p300.model.sums.statistics import EPSILON, ClassStatistics, Statistics
from p300.model.tables import Tables

# Of what was added and taken away again, so much of the whole is rounding.
ROUNDING = 16 * EPSILON


@dataclass
class ClassTotal:
    """Adds up the epochs of one class about the mean of the first ones, which is near the mean of all.

    Attributes
    ----------
    count : int
    origin : ndarray, shape (n_features,)
    sum : ndarray, shape (n_features,)
        Of the epochs' distances from the origin.
    half : ndarray, shape (n_features, n_features)
        Sum of the outer products of these distances with themselves: the upper triangle, in Fortran order.
    """

    count: int
    origin: Float64s
    sum: Float64s
    half: Float64s

    @classmethod
    def none(cls, n_features: int) -> Self:
        """Of no epochs yet."""
        return cls(0, np.zeros(n_features), np.zeros(n_features), np.zeros((n_features, n_features), order="F"))

    @classmethod
    def of(cls, part: ClassStatistics) -> Self:
        """To add to what was added up before."""
        return cls(part.count, part.mean, np.zeros_like(part.mean), part.scatter.copy(order="F"))

    def add(self, epochs: Float32s) -> None:
        """Add epochs of shape (n_epochs, n_features); there may be none."""
        if len(epochs) == 0:
            return
        if self.count == 0:
            self.origin = epochs.mean(axis=0, dtype=np.float64)
        distances = epochs - self.origin
        self.count += len(epochs)
        self.sum += distances.sum(axis=0)
        self.half = add_gram(self.half, distances)

    @property
    def mean(self) -> Float64s:
        """Of all epochs that were added: shape (n_features,)."""
        return self.origin + self._shift

    @property
    def scatter_diagonal(self) -> Float64s:
        """Sum over the epochs of each feature's squared distance from its mean: shape (n_features,)."""
        return np.asarray(np.diagonal(self.half) - self.sum * self._shift)

    def scatter_along(self, direction: Float64s) -> float:
        """Sum over the epochs of the squared distance from the mean along a direction."""
        return float(direction @ dsymv(1.0, self.half, direction) - (self.sum @ direction) * (self._shift @ direction))

    @property
    def _shift(self) -> Float64s:
        return self.sum / max(self.count, 1)

    def statistics(self) -> ClassStatistics:
        """Of all epochs that were added."""
        return self.without(())

    def without(self, parts: Iterable[Float32s]) -> ClassStatistics:
        """Of all epochs but these, which were added before."""
        count, total, half = self.count, self.sum, self.half.copy(order="F")
        for epochs in parts:
            if len(epochs) == 0:
                continue
            distances = epochs - self.origin
            count, total = count - len(epochs), total - distances.sum(axis=0)
            half = add_gram(half, distances, factor=-1.0)
        if count == 0:
            return ClassStatistics(0, self.origin, np.zeros_like(half))
        shift = total / count
        # The products of distances from the mean are those from the origin less n times the shift's.
        scatter = mirrored(add_gram(half, shift[None], factor=-float(count)))
        constant = np.diagonal(scatter) <= ROUNDING * np.diagonal(self.half)
        if constant.any():  # make it exactly so
            scatter[constant] = 0
            scatter[:, constant] = 0
        return ClassStatistics(count, self.origin + shift, scatter)


@dataclass
class Total:
    """Adds up the tables of subjects, class by class."""

    n_channels: int
    nontarget: ClassTotal
    target: ClassTotal

    @classmethod
    def none(cls, first: FeatureTable) -> Self:
        """Of no tables yet; of tables such as the first."""
        n_features = first.features.shape[1]
        return cls(first.n_channels, ClassTotal.none(n_features), ClassTotal.none(n_features))

    @classmethod
    def of(cls, statistics: Statistics) -> Self:
        """To add to what was added up before."""
        return cls(statistics.n_channels, *(ClassTotal.of(part) for part in statistics.classes))

    @property
    def classes(self) -> tuple[ClassTotal, ClassTotal]:
        """NonTarget, then Target."""
        return self.nontarget, self.target

    def add(self, table: FeatureTable) -> None:
        self.nontarget.add(table.features[~table.targets])
        self.target.add(table.features[table.targets])

    def statistics(self) -> Statistics:
        """Of all tables that were added."""
        return Statistics(self.n_channels, self.nontarget.statistics(), self.target.statistics())

    def without(self, tables: Tables) -> Statistics:
        """Of all tables but these, which were added before: by subtraction, with two reads of each."""
        nontarget = self.nontarget.without(table.features[~table.targets] for table in tables.values())
        target = self.target.without(table.features[table.targets] for table in tables.values())
        return Statistics(self.n_channels, nontarget, target)
