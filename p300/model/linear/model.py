"""Linear classifiers as what they are: one weight vector and one bias."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, lstsq
from scipy.special import expit
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from p300.domain import Float32s, Float64s, Label
from p300.model.sums.products import multiply
from p300.model.sums.statistics import Statistics

CLASSES = np.array([Label.NonTarget, Label.Target], dtype=np.int64)


@dataclass(frozen=True)
class LinearModel:
    """The logit of P(Target) is ``X @ weights + bias``.

    Attributes
    ----------
    weights : ndarray, shape (n_features,)
    bias : float
    """

    weights: Float64s
    bias: float

    def probabilities(self, X: Float32s | Float64s) -> Float64s:
        """P(Target) of epochs of shape (n_epochs, n_features): shape (n_epochs,)."""
        return np.asarray(expit(multiply(X, self.weights[:, None])[:, 0] + self.bias))

    def before(self, mean: Float64s, scale: Float64s) -> Self:
        """The same model for features that are yet to be standardised."""
        weights = self.weights / scale
        return type(self)(weights, self.bias - float(mean @ weights))


def separate(covariance: Float64s, means: Float64s, priors: Float64s) -> LinearModel:
    """Fisher's linear discriminant of two classes with one covariance.

    Parameters
    ----------
    covariance : ndarray, shape (n_features, n_features)
        In C order; spent, for its memory takes the factor.
    means : ndarray, shape (2, n_features)
    priors : ndarray, shape (2,)
    """
    difference = means[1] - means[0]
    diagonal = np.diagonal(covariance).copy()
    try:
        factor = cho_factor(covariance.T, overwrite_a=True, check_finite=False)
        weights = cho_solve(factor, difference, check_finite=False)
    except LinAlgError:  # singular or not definite: the least-squares solution, as scikit-learn's lsqr
        upper = np.triu(covariance, 1)  # of which the factor leaves alone what lies above the diagonal
        weights = lstsq(upper + upper.T + np.diag(diagonal), difference, check_finite=False)[0]
    bias = np.log(priors[1] / priors[0]) - (means[0] + means[1]) @ weights / 2
    return LinearModel(weights, float(bias))


def linear_estimator(model: LinearModel, statistics: Statistics) -> LinearDiscriminantAnalysis:
    """A fitted scikit-learn classifier of raw features with the weights and bias of a model.

    A genuine ``LinearDiscriminantAnalysis``, so that it loads wherever scikit-learn does. Its
    ``covariance_`` is left out: no prediction reads it, and it is a thousand times the rest.
    """
    estimator = LinearDiscriminantAnalysis(solver="lsqr")
    estimator.coef_ = model.weights.reshape(1, -1)
    estimator.intercept_ = np.array([model.bias])
    estimator.classes_ = CLASSES.copy()
    estimator.means_ = np.stack([part.mean for part in statistics.classes])
    estimator.priors_ = statistics.priors
    estimator.n_features_in_ = len(model.weights)
    estimator._max_components = 1
    estimator._n_features_out = 1
    return estimator


def linear_model(estimator: Any) -> LinearModel | None:
    """Collapse a fitted binary estimator on raw features; None if it is not linear.

    Understands ``LinearDiscriminantAnalysis`` and ``LogisticRegression``, alone or as the last step
    of a pipeline whose other steps are ``StandardScaler``.
    """
    *steps, last = [step for _, step in estimator.steps] if isinstance(estimator, Pipeline) else [estimator]
    if not isinstance(last, LinearDiscriminantAnalysis | LogisticRegression) or len(last.classes_) != 2:
        return None
    model = LinearModel(np.asarray(last.coef_[0], dtype=np.float64), float(last.intercept_[0]))
    for step in reversed(steps):
        if not isinstance(step, StandardScaler):
            return None
        mean = step.mean_ if step.with_mean else np.zeros_like(model.weights)
        scale = step.scale_ if step.with_std else np.ones_like(model.weights)
        model = model.before(mean, scale)
    return model
