"""Shrinkage LDA from class statistics: scikit-learn's coefficients without its passes over the data.

The same as ``make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr",
shrinkage=...))``, scikit-learn 1.9, for two classes. With ``shrinkage="auto"`` each class's
covariance is shrunk by Ledoit and Wolf's formula after standardising the class by itself; with a
number, towards the mean variance of the standardised features.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from p300.domain import Float64s
from p300.model.linear.model import LinearModel, linear_estimator, separate
from p300.model.linear.shrinkage import ledoit_wolf
from p300.model.sums.products import row_blocks
from p300.model.sums.statistics import Standardiser, Statistics, spread

Shrinkage = float | Literal["auto"]


@dataclass(frozen=True)
class Discriminant:
    """Shrinkage LDA of standardised features, with the scaling that came before.

    Attributes
    ----------
    statistics : Statistics
        What it was fitted to.
    scale : ndarray, shape (n_features,)
        Standard deviations, 1 for constant features.
    standardised : LinearModel
        Of the standardised features.
    """

    statistics: Statistics
    scale: Float64s
    standardised: LinearModel
    shrinkage: Shrinkage

    @property
    def model(self) -> LinearModel:
        """Of the raw features."""
        return self.standardised.before(self.statistics.mean, self.scale)

    def pipeline(self) -> Pipeline:
        """Genuine scikit-learn objects with all that a fit of their own would leave, covariance aside."""
        scaler = StandardScaler()
        scaler.mean_ = self.statistics.mean
        scaler.var_ = self.statistics.variance
        scaler.scale_ = self.scale
        scaler.n_features_in_ = len(self.scale)
        scaler.n_samples_seen_ = self.statistics.count
        classifier = linear_estimator(self.standardised, self.statistics)
        classifier.set_params(shrinkage=self.shrinkage)
        classifier.means_ = (classifier.means_ - scaler.mean_) / scaler.scale_
        return Pipeline([("standardscaler", scaler), ("lineardiscriminantanalysis", classifier)])


def discriminant(statistics: Statistics, shrinkage: Shrinkage, quartic_sums: Float64s) -> Discriminant:
    """Fit shrinkage LDA.

    Parameters
    ----------
    statistics : Statistics
        Of whole epochs, both classes present.
    shrinkage : float or "auto"
    quartic_sums : ndarray, shape (2,)
        For ``"auto"``: see :func:`p300.model.linear.shrinkage.quartic_sums`.
    """
    mean = statistics.mean
    scale, _ = spread(statistics.variance, mean, statistics.count)
    target = np.zeros(len(scale))
    weights = []
    for part, prior, quartic_sum in zip(statistics.classes, statistics.priors, quartic_sums, strict=True):
        if shrinkage == "auto":
            precision = Standardiser.of(part).precision
            share = ledoit_wolf(part.scatter, precision, part.count, quartic_sum)
            own, _ = spread(part.variance, part.mean, part.count)
            # Where a class is constant scikit-learn scales by 1 after the whole was standardised.
            own = np.where(precision > 0, own / scale, 1.0)
            target += prior * share * np.mean(precision > 0) * own**2
        else:
            share = shrinkage
            target += prior * share * np.mean(part.variance / scale**2)
        weights.append(prior * (1 - share) / part.count)
    covariance = np.empty((len(scale), len(scale)))
    for rows in row_blocks(len(scale)):
        block = np.multiply(statistics.nontarget.scatter[rows], weights[0], out=covariance[rows])
        block += statistics.target.scatter[rows] * weights[1]
        block /= scale
        block /= scale[rows, None]
    covariance.flat[:: len(scale) + 1] += target
    means = np.stack([(part.mean - mean) / scale for part in statistics.classes])
    return Discriminant(statistics, scale, separate(covariance, means, statistics.priors), shrinkage)
