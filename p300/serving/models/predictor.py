"""A model made ready to answer. No HTTP, no registry."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import expit
from sklearn.base import ClassifierMixin

from p300.domain import Float32s, Float64s, Label, Labels
from p300.errors import InvalidInput, P300Error
from p300.model.linear.model import linear_model
from p300.model.scores import THRESHOLD
from p300.serving.models.logits import Logits
from p300.wire import INPUT_NAME, ModelIdentity

WARM_UP_VOLTS = 1e-5
AGREEMENT = 1e-6
MOST_EXAMPLES = 32
_NONTARGET = np.int8(Label.NonTarget)  # Target is one more


@dataclass(frozen=True)
class Predictor:
    """Probabilities of Target from feature vectors, and which version they come from.

    A linear estimator is one weight vector and one bias; any other is asked itself.

    Attributes
    ----------
    layout : str
        What the feature vector is made of, for people: ``1280 = 16 channels x 80 samples``.
    logits : Logits or None
        None for an estimator that is not linear: it is slow enough to keep off the event loop.
    """

    estimator: ClassifierMixin
    identity: ModelIdentity
    n_features: int
    layout: str
    logits: Logits | None

    @classmethod
    def prepare(
        cls,
        estimator: ClassifierMixin,
        identity: ModelIdentity,
        *,
        n_channels: int | None = None,
        example: Float32s | None = None,
    ) -> Self:
        """Make a loaded estimator ready, and let it answer for two epochs of noise and for its own example.

        Parameters
        ----------
        example : ndarray of float32, shape (n_examples, n_features), optional
            Real input, as it was logged with the model.

        Raises
        ------
        P300Error
            It is no classifier of NonTarget and Target, or what it answers makes no sense.
        """
        if list(getattr(estimator, "classes_", ())) != [Label.NonTarget, Label.Target]:
            classes = getattr(estimator, "classes_", "missing")
            raise P300Error(f"the model's classes are {classes}, expected 1 (NonTarget) and 2 (Target)")
        n_features = int(estimator.n_features_in_)
        linear = linear_model(estimator)
        logits = None if linear is None else Logits(linear)
        predictor = cls(estimator, identity, n_features, describe_layout(n_features, n_channels), logits)
        # Noise rather than zeros: the covariance of zeros has no logarithm for a Riemannian model.
        noise = np.random.default_rng(0).standard_normal((2, n_features)) * WARM_UP_VOLTS
        predictor._try("two epochs of noise", noise.astype(np.float32))
        if example is not None:
            predictor._try("the example that was logged with it", example[:MOST_EXAMPLES])
        return predictor

    def probabilities(self, features: Float32s) -> Float64s:
        """Probability of Target, shape (n_epochs,).

        Parameters
        ----------
        features : ndarray of float32, shape (n_epochs, n_features)

        Raises
        ------
        InvalidInput
            A feature that is not finite, with its place.
        P300Error
            The estimator answers what is no number.
        """
        if self.logits is None:
            _require_finite(features)
            return self._ask_estimator(features)
        logits = self.logits(features)
        if not np.isfinite(logits).all():
            _require_finite(features)
        probabilities: Float64s = expit(logits)
        return probabilities

    def _ask_estimator(self, features: Float32s) -> Float64s:
        # The bytes of a request need not begin on a float's boundary, and compiled estimators want them to.
        aligned = np.require(features, np.float32, ["C", "A"])
        answers: Float64s = self.estimator.predict_proba(aligned)[:, 1].astype(np.float64)
        if not np.isfinite(answers).all():
            raise P300Error(f"version {self.identity.version} answers with what is no number for some of these epochs")
        return answers

    def _try(self, what: str, features: Float32s) -> None:
        if features.shape[1] != self.n_features:
            raise P300Error(f"the model takes {self.layout} features, but {what} has {features.shape[1]}")
        served, own = self.probabilities(features), self._ask_estimator(features)
        if not np.allclose(served, own, rtol=0, atol=AGREEMENT):
            raise P300Error(f"the model's own probabilities of {what} are {own}, served would be {served}")


def decide(probabilities: Float64s) -> Labels:
    """Label of each epoch, by the threshold that the scores use."""
    return np.add(probabilities >= THRESHOLD, _NONTARGET, dtype=np.int8)


def describe_layout(n_features: int, n_channels: int | None) -> str:
    """``1280 = 16 channels x 80 samples``, or the number alone where the channels are not known."""
    if not n_channels or n_features % n_channels:
        return str(n_features)
    return f"{n_features} = {n_channels} channels x {n_features // n_channels} samples"


def _require_finite(features: Float32s) -> None:
    finite = np.isfinite(features)
    if not finite.all():
        epoch, index = (int(place) for place in np.argwhere(~finite)[0])
        raise InvalidInput(f"{INPUT_NAME}[{epoch}][{index}] is {features[epoch, index]}, expected a finite number")
