import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from p300.model.candidates import candidate
from p300.model.linear.model import linear_model, separate


@pytest.mark.parametrize("name", ["lda", "xdawn-lda", "toeplitz-lda"])
def test_a_linear_candidate_collapses_into_weights_and_a_bias(tables, name):
    estimator, features = candidate(name).fit(tables), tables[1].features
    model = linear_model(estimator)
    assert model is not None
    assert model.weights.shape == (features.shape[1],)
    np.testing.assert_allclose(model.probabilities(features), estimator.predict_proba(features)[:, 1], atol=1e-6)


def test_scalers_without_mean_or_spread_and_logistic_regression_collapse(tables):
    features, labels = tables[1].features.astype(np.float64) * 1e5, tables[1].labels
    for scaler in (StandardScaler(with_mean=False), StandardScaler(with_std=False)):
        estimator = make_pipeline(scaler, LogisticRegression(max_iter=1000)).fit(features, labels)
        model = linear_model(estimator)
        assert model is not None
        np.testing.assert_allclose(model.probabilities(features), estimator.predict_proba(features)[:, 1], atol=1e-9)


def test_what_is_not_linear_does_not_collapse(tables):
    assert linear_model(candidate("riemann").fit(tables)) is None
    assert linear_model(candidate("ensemble").fit(tables)) is None
    assert linear_model(KNeighborsClassifier().fit(tables[1].features, tables[1].labels)) is None


def test_a_singular_covariance_has_its_least_squares_discriminant():
    covariance = np.diag([2.0, 0.0, 1.0])
    model = separate(covariance, np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 3.0]]), np.array([0.5, 0.5]))
    np.testing.assert_allclose(model.weights, [0.5, 0.0, 3.0])
    assert model.bias == pytest.approx(-(0.5 + 9) / 2)


def test_a_covariance_that_is_not_definite_has_its_least_squares_discriminant():
    vectors = np.random.default_rng(0).standard_normal((3, 5))
    covariance, means = vectors.T @ vectors, np.stack([np.zeros(5), np.arange(5.0)])
    covariance[4, 4] -= 1e-3  # so that the factor fails at the last step
    expected = np.linalg.lstsq(covariance, means[1], rcond=None)[0]
    model = separate(covariance.copy(), means, np.array([0.5, 0.5]))
    np.testing.assert_allclose(model.weights, expected, rtol=1e-6)
