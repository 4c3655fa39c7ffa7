"""The statistics of many subjects' epochs, added up in place.

The same as adding :class:`p300.model.sums.statistics.Statistics` of each subject, without a new matrix
for each of them: memory that is asked for and given back 50 times costs as much as the products.
"""

import numpy as np

from p300.domain import FeatureTable, Float32s
from p300.model.sums.products import add_gram, mirrored
from p300.model.sums.statistics import ClassStatistics, Statistics


class ClassTotal:
    """Adds up the epochs of one class about the mean of the first ones, which is near the mean of all."""

    def __init__(self, n_features: int) -> None:
        self._count = 0
        self._origin = np.zeros(n_features)
        self._sum = np.zeros(n_features)
        self._half = np.zeros((n_features, n_features), order="F")

    def add(self, epochs: Float32s) -> None:
        """Add epochs of shape (n_epochs, n_features); there may be none."""
        if len(epochs) == 0:
            return
        if self._count == 0:
            self._origin = epochs.mean(axis=0, dtype=np.float64)
        distances = epochs - self._origin
        self._count += len(epochs)
        self._sum += distances.sum(axis=0)
        self._half = add_gram(self._half, distances)

    def statistics(self) -> ClassStatistics:
        """Of all epochs that were added; the total is spent by it."""
        scatter = mirrored(self._half)
        if self._count == 0:
            return ClassStatistics(0, self._origin, scatter)
        shift = self._sum / self._count
        scatter -= np.outer(self._sum, shift)
        return ClassStatistics(self._count, self._origin + shift, scatter)


class Total:
    """Adds up the tables of subjects, class by class."""

    def __init__(self, first: FeatureTable) -> None:
        self._n_channels = first.n_channels
        n_features = first.features.shape[1]
        self._nontarget, self._target = ClassTotal(n_features), ClassTotal(n_features)

    def add(self, table: FeatureTable) -> None:
        self._nontarget.add(table.features[~table.targets])
        self._target.add(table.features[table.targets])

    def statistics(self) -> Statistics:
        """Of all tables that were added; the total is spent by it."""
        return Statistics(self._n_channels, self._nontarget.statistics(), self._target.statistics())
