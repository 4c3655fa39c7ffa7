"""Against pyRiemann's own estimators."""

import numpy as np
import pytest
from pyriemann.estimation import XdawnCovariances as PyriemannCovariances
from sklearn.covariance import ledoit_wolf

from p300.model.candidates import candidate
from p300.model.riemann import XdawnCovariances, ledoit_wolf_covariances


def test_covariances_are_scikit_learns_ledoit_wolf():
    signals = np.random.default_rng(0).standard_normal((5, 4, 30)).cumsum(axis=2)
    for ours, signal in zip(ledoit_wolf_covariances(signals), signals, strict=True):
        np.testing.assert_allclose(ours, ledoit_wolf(signal.T)[0], atol=1e-12)


def test_xdawn_covariances_are_pyriemanns(tables):
    features, labels = tables[1].features.astype(np.float64) * 1e5, tables[1].labels
    epochs = features.reshape(len(features), tables[1].n_channels, -1)
    theirs = PyriemannCovariances(nfilter=2, estimator="lwf").fit(epochs, labels).transform(epochs)
    ours = XdawnCovariances(n_channels=tables[1].n_channels, n_filters=2).fit(features, labels).transform(features)
    # The sign of a filter is free, and with it that of its row and column.
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-6 * np.abs(theirs).max())


def test_the_difference_is_laid_beside_the_epoch(tables):
    """By hand: filters of Target, the difference of the means through them, scikit-learn's covariance of both."""
    features, labels = tables[1].features.astype(np.float64) * 1e5, tables[1].labels
    n_channels = tables[1].n_channels
    ours = XdawnCovariances(n_channels, n_filters=2, responses="difference").fit(features, labels)
    epochs = features.reshape(len(features), n_channels, -1)
    difference = ours.filters_ @ (epochs[labels == 2].mean(axis=0) - epochs[labels == 1].mean(axis=0))
    expected = [ledoit_wolf(np.concatenate([difference, ours.filters_ @ epoch]).T)[0] for epoch in epochs[:5]]
    assert ours.filters_.shape == (2, n_channels)
    np.testing.assert_allclose(ours.transform(features[:5]), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["riemann", "riemann-difference"])
def test_the_fitted_pipeline_can_be_fitted_again_by_scikit_learn_alone(tables, name):
    features = np.concatenate([table.features for table in tables.values()])
    labels = np.concatenate([table.labels for table in tables.values()])
    streamed = candidate(name, n_filters=2).fit(tables)
    before = streamed.predict_proba(features)
    again = streamed.fit(features, labels).predict_proba(features)
    np.testing.assert_allclose(again, before, atol=1e-4)


def test_an_epoch_alone_is_answered_as_among_others(tables):
    estimator, features = candidate("riemann", n_filters=2).fit(tables), tables[1].features
    alone = np.concatenate([estimator.predict_proba(features[[index]]) for index in range(5)])
    np.testing.assert_allclose(alone, estimator.predict_proba(features)[:5], atol=1e-9)


def test_a_wrong_number_of_features_is_refused(tables):
    estimator = candidate("riemann", n_filters=2).fit(tables)
    with pytest.raises(ValueError, match="83 features"):
        estimator.predict_proba(tables[1].features[:, 1:])
