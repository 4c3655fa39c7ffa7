"""Ledoit and Wolf's shrinkage in scikit-learn's form, from statistics and one number an epoch.

Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices" (2004),
as in ``sklearn.covariance.ledoit_wolf`` on standardised epochs z of one class. The formula wants,
beside the scatter, the sum over the epochs of ``(||z||²)²``. That sum needs the epochs again once
the class's mean and spread are known; for many training sets at once it costs two skinny products.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from p300.domain import FeatureTable, Float32s, Float64s
from p300.model.linear.model import LinearModel
from p300.model.linear.xdawn import filter_epochs, unfilter_weights
from p300.model.sums.products import multiply, row_blocks
from p300.model.sums.statistics import Standardiser, Statistics


@dataclass(frozen=True)
class View:
    """How one training set looks at an epoch: through spatial filters or none, then standardised by class.

    Attributes
    ----------
    filters : ndarray, shape (n_filters, n_channels), or None
    standardisers : (Standardiser, Standardiser)
        NonTarget, then Target, of the filtered features.
    """

    filters: Float64s | None
    standardisers: tuple[Standardiser, Standardiser]

    @classmethod
    def of(cls, by_time: Statistics, filters: Float64s | None = None) -> Self:
        """Each class by its own spread."""
        seen = by_time if filters is None else by_time.filtered(filters)
        return cls(filters, (Standardiser.of(seen.nontarget), Standardiser.of(seen.target)))

    def filtered(self, statistics: Statistics) -> Statistics:
        return statistics if self.filters is None else statistics.filtered(self.filters)

    def unfiltered(self, model: LinearModel) -> LinearModel:
        """The model of raw features that answers as ``model`` does to filtered ones."""
        if self.filters is None:
            return model
        return LinearModel(unfilter_weights(model.weights, self.filters), model.bias)


def quartic_sums(table: FeatureTable, views: Sequence[View]) -> Float64s:
    """Sums over a subject's epochs of ``(||z||²)²``: shape (2, n_views), NonTarget then Target."""
    parts = (table.features[~table.targets], table.features[table.targets])
    return np.array([_class_sums(epochs, views, label) for label, epochs in enumerate(parts)])


def _class_sums(epochs: Float32s, views: Sequence[View], label: int) -> Float64s:
    sums = np.zeros(len(views))
    plain = [index for index, view in enumerate(views) if view.filters is None]
    if plain:
        sums[plain] = _fourth_norms(epochs, [views[index].standardisers[label] for index in plain])
    for index, view in enumerate(views):
        if view.filters is not None:
            sums[index] = _fourth_norms(filter_epochs(epochs, view.filters), [view.standardisers[label]])[0]
    return sums


def _fourth_norms(epochs: Float32s, standardisers: Sequence[Standardiser]) -> Float64s:
    """Sums of ``(||z||²)²``, by ``||z||² = x²·p - 2x·(p∘m) + Σ p∘m²``: shape (n_standardisers,).

    Float32 will do: the means are taken from a common origin near all of them, so nothing cancels.
    """
    precisions = np.stack([each.precision for each in standardisers], axis=1)
    means = np.stack([each.mean for each in standardisers], axis=1)
    origin = means.mean(axis=1).astype(np.float32)
    means -= origin[:, None]
    constants = np.sum(precisions * means**2, axis=0).astype(np.float32)
    twice = (2 * precisions * means).astype(np.float32)
    precisions = precisions.astype(np.float32)
    sums = np.zeros(len(standardisers))
    for rows in row_blocks(len(epochs)):
        centred = epochs[rows] - origin
        norms = multiply(np.square(centred), precisions) - multiply(centred, twice) + constants
        sums += np.sum(np.square(norms, dtype=np.float64), axis=0)
    return sums


def ledoit_wolf(scatter: Float64s, precision: Float64s, count: int, quartic_sum: float) -> float:
    """Shrinkage of a standardised covariance towards a multiple of the identity, from 0 to 1.

    Parameters
    ----------
    scatter : ndarray, shape (n_features, n_features)
        Of the centred epochs, before they are standardised.
    precision : ndarray, shape (n_features,)
        Of the standardisation, see :class:`Standardiser`.
    count : int
        Epochs.
    quartic_sum : float
        Sum over the epochs of the squared norm of the standardised epoch, squared.
    """
    n_features = len(scatter)
    if n_features == 1 or count == 0:
        return 0.0
    trace = float(precision @ np.diagonal(scatter)) / count
    squares = sum(float(precision[rows] @ (np.square(scatter[rows]) @ precision)) for rows in row_blocks(n_features))
    squares /= count**2
    error = (quartic_sum / count - squares) / (n_features * count)
    distance = (squares - trace**2 / n_features) / n_features
    least = min(error, distance)
    return least / distance if least > 0 else 0.0
