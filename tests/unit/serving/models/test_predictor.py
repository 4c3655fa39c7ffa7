"""What is served is what the estimator says."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from p300.domain import Float32s
from p300.errors import InvalidInput, P300Error
from p300.serving.models.predictor import Predictor, decide, describe_layout
from p300.wire import ModelIdentity


@pytest.mark.parametrize(
    ("estimator", "is_linear"),
    [
        (LinearDiscriminantAnalysis(), True),
        (LogisticRegression(C=1e12), True),
        (QuadraticDiscriminantAnalysis(reg_param=0.1), False),
    ],
)
@pytest.mark.parametrize("n_epochs", [1, 12, 200])
def test_probabilities_are_the_estimators_own(
    estimator: ClassifierMixin,
    is_linear: bool,
    n_epochs: int,
    epochs: Float32s,
    labels: np.ndarray,
    identity: ModelIdentity,
) -> None:
    predictor = Predictor.prepare(estimator.fit(epochs, labels), identity)
    assert (predictor.logits is not None) is is_linear
    own = estimator.predict_proba(epochs[:n_epochs])[:, 1]
    np.testing.assert_allclose(predictor.probabilities(epochs[:n_epochs]), own, atol=1e-6)


def test_pipeline_is_collapsed_scaling_included(
    pipeline: ClassifierMixin, predictor: Predictor, epochs: Float32s
) -> None:
    assert predictor.logits is not None
    served = predictor.probabilities(epochs)
    np.testing.assert_allclose(served, pipeline.predict_proba(epochs)[:, 1], atol=1e-6)
    np.testing.assert_array_equal(decide(served), pipeline.predict(epochs))


@pytest.mark.parametrize("n_epochs", [5, 200])
@pytest.mark.parametrize(("value", "name"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_a_feature_that_is_not_finite_is_named(
    predictor: Predictor, epochs: Float32s, n_epochs: int, value: float, name: str
) -> None:
    features = epochs[:n_epochs].copy()
    features[3, 7] = value
    with pytest.raises(InvalidInput, match=rf"features\[3\]\[7\] is {name}, expected a finite number"):
        predictor.probabilities(features)


def test_huge_but_finite_features_are_answered(predictor: Predictor, epochs: Float32s) -> None:
    features = np.full_like(epochs, 3e38)
    probabilities = predictor.probabilities(features)
    assert np.isin(probabilities, [0.0, 1.0]).all()


def test_foreign_classes_are_refused(epochs: Float32s, labels: np.ndarray, identity: ModelIdentity) -> None:
    other = LinearDiscriminantAnalysis().fit(epochs, labels - 1)
    with pytest.raises(P300Error, match=r"classes are \[0 1\], expected 1 \(NonTarget\) and 2 \(Target\)"):
        Predictor.prepare(other, identity)


def test_layout_is_told_in_channels_and_samples() -> None:
    assert describe_layout(1120, 16) == "1120 = 16 channels x 70 samples"
    assert describe_layout(1120, 9) == describe_layout(1120, None) == "1120"


class Moody(ClassifierMixin, BaseEstimator):
    """Answers noise of microvolts, and gives no number for epochs that begin above a volt."""

    classes_ = (1, 2)
    n_features_in_ = 12

    def predict_proba(self, X: Float32s) -> np.ndarray:
        return np.where(X[:, :1] > 1, np.nan, 0.5) * np.ones(2)


def test_answers_that_are_no_numbers_are_not_given(identity: ModelIdentity, epochs: Float32s) -> None:
    predictor = Predictor.prepare(Moody(), identity, example=epochs[:2])
    np.testing.assert_array_equal(predictor.probabilities(epochs), 0.5)
    loud = np.full((2, 12), 2.0, dtype=np.float32)
    with pytest.raises(P300Error, match="version 3 answers with what is no number for some of these epochs"):
        predictor.probabilities(loud)
    with pytest.raises(P300Error, match="version 3 answers with what is no number"):
        Predictor.prepare(Moody(), identity, example=loud)


def test_an_example_of_another_length_is_refused(
    pipeline: ClassifierMixin, identity: ModelIdentity, epochs: Float32s
) -> None:
    sentence = "takes 12 = 3 channels x 4 samples features, but the example that was logged with it has 11"
    with pytest.raises(P300Error, match=sentence):
        Predictor.prepare(pipeline, identity, n_channels=3, example=epochs[:2, 1:])
