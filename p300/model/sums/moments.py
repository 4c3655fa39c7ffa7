"""The third and fourth moments of epochs: enough for any sum of ``(||z||²)²`` over them.

Ledoit and Wolf's shrinkage needs the sum over a class's epochs of ``(||z||²)²``, z standardised by
the class's own mean and spread, which change as epochs are added or left out. But
``||z||² = a·x² - 2 b·x + k``, where x is the epoch in fixed units, ``a`` the precision, ``b``
precision times mean and ``k = b·mean``; so the sum is a quadratic form of moments that do add up:
``a'Qa - 4 a'Hb + 4 b'Gb + 2k a·Σx² - 4k b·Σx + nk²`` with ``Q = Σ x²(x²)'``, ``H = Σ x²x'``, ``G = Σ xx'``.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.linalg.blas import sgemv, ssymv

from p300.domain import FeatureTable, Float32s
from p300.model.sums.products import add_gram, add_product
from p300.model.sums.statistics import Standardiser, spread
from p300.model.sums.totals import ClassTotal


@dataclass(frozen=True)
class Unit:
    """The fixed units in which an epoch is raised to powers: near its mean and its spread.

    Attributes
    ----------
    origin, scale : ndarray of float32, shape (n_features,)
    """

    origin: Float32s
    scale: Float32s

    @classmethod
    def of(cls, table: FeatureTable) -> Self:
        """Mean and spread of a table's epochs."""
        mean, variance = table.features.mean(axis=0, dtype=np.float64), table.features.var(axis=0, dtype=np.float64)
        scale, _ = spread(variance, mean, len(table.features))
        return cls(mean.astype(np.float32), scale.astype(np.float32))


@dataclass
class HigherMoments:
    """Sums over the epochs of one class, in fixed units.

    In float32: nothing but weighted sums of all their entries are ever used.

    Attributes
    ----------
    cubic : ndarray of float32, shape (n_features, n_features)
        ``H = Σ x² x'``, in Fortran order.
    quartic : ndarray of float32, shape (n_features, n_features)
        ``Q = Σ x² (x²)'``: the upper triangle, in Fortran order.
    """

    cubic: Float32s
    quartic: Float32s

    @classmethod
    def none(cls, n_features: int) -> Self:
        """Of no epochs yet."""
        cubic, quartic = (np.zeros((n_features, n_features), np.float32, order="F") for _ in range(2))
        return cls(cubic, quartic)

    def add(self, epochs: Float32s, unit: Unit) -> None:
        """Add epochs of shape (n_epochs, n_features); there may be none."""
        if len(epochs) == 0:
            return
        x = (epochs - unit.origin) / unit.scale
        squared = np.square(x)
        self.cubic = add_product(self.cubic, squared, x)
        self.quartic = add_gram(self.quartic, squared)

    def quartic_sum(self, part: ClassTotal, standardiser: Standardiser, unit: Unit) -> float:
        """Sum of ``(||z||²)²`` over the epochs that ``part`` and these moments were taken of."""
        scale = unit.scale.astype(np.float64)
        a = standardiser.precision * scale**2
        mean = (standardiser.mean - unit.origin) / scale
        b = a * mean
        k = float(b @ mean)
        actual = (part.mean - unit.origin) / scale
        sums = part.count * actual
        along_b = part.scatter_along(b / scale) + part.count * float(actual @ b) ** 2
        squares = part.scatter_diagonal / scale**2 + part.count * actual**2
        quadratic = a @ ssymv(1.0, self.quartic, a) - 4 * (a @ sgemv(1.0, self.cubic, b)) + 4 * along_b
        return float(quadratic + 2 * k * (a @ squares) - 4 * k * (b @ sums) + part.count * k**2)
