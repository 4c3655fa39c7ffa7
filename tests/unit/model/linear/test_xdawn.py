"""Against pyRiemann's xDAWN and scikit-learn's LDA of the same epochs."""

import numpy as np
import pytest
from pyriemann.spatialfilters import Xdawn
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import StandardScaler

from p300.model.candidates import candidate
from p300.model.linear.xdawn import xdawn_filters
from p300.model.sums.statistics import Statistics


def epochs_of(tables) -> tuple[np.ndarray, np.ndarray]:
    features = np.concatenate([table.features for table in tables.values()]).astype(np.float64)
    labels = np.concatenate([table.labels for table in tables.values()])
    return features.reshape(len(features), tables[1].n_channels, -1), labels


def test_filters_are_pyriemanns(tables):
    epochs, labels = epochs_of({1: tables[1]})
    theirs = Xdawn(nfilter=3).fit(epochs, labels).filters_
    ours = xdawn_filters(Statistics.by_time_of(tables[1]), 3)
    np.testing.assert_allclose(np.abs(np.sum(ours * theirs, axis=1)), 1, atol=1e-6)


@pytest.mark.parametrize("shrinkage", ["auto", 0.1])
def test_xdawn_lda_is_pyriemanns_xdawn_before_scikit_learns_lda(tables, shrinkage):
    epochs, labels = epochs_of(tables)
    sources = Xdawn(nfilter=2).fit(epochs, labels).transform(epochs).reshape(len(epochs), -1)
    standardised = StandardScaler().fit_transform(sources)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(standardised, labels)
    ours = candidate("xdawn-lda", shrinkage=shrinkage).fit(tables)
    probabilities = ours.predict_proba(epochs.reshape(len(epochs), -1))
    np.testing.assert_allclose(probabilities, theirs.predict_proba(standardised), atol=1e-5)


def test_more_filters_than_channels_are_all_channels(tables):
    assert xdawn_filters(Statistics.by_time_of(tables[1]), 99).shape == (2 * 6, 6)


def test_an_average_reference_leaves_filters_finite(tables, make_table):
    epochs, labels = epochs_of({1: tables[1]})
    epochs = epochs - epochs.mean(axis=1, keepdims=True)
    table = make_table(epochs.reshape(len(epochs), -1), labels)
    filters = xdawn_filters(Statistics.by_time_of(table), 2)
    assert np.isfinite(filters).all()
