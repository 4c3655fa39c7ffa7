"""Against scikit-learn's own fit of the same epochs in float64."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from p300.domain import FeatureTable
from p300.model.candidates import candidate


def stacked(tables) -> tuple[np.ndarray, np.ndarray]:
    features = np.concatenate([table.features for table in tables.values()]).astype(np.float64)
    return features, np.concatenate([table.labels for table in tables.values()]).astype(np.int64)


def reference(tables, shrinkage) -> Pipeline:
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
    return make_pipeline(StandardScaler(), lda).fit(*stacked(tables))


def changed(table: FeatureTable, make_table, change) -> FeatureTable:
    features = table.features.copy()
    change(features, table.targets)
    return make_table(features, table.labels)


def shift(features, targets):
    features += 3e-2


def make_constant(features, targets):
    features[:, 3] = 7e-6


def make_class_constant(features, targets):
    features[targets, 3] = 0
    features[:, 5] = np.where(targets, 1e-6, 2e-6)


@pytest.mark.parametrize("shrinkage", ["auto", 0.0, 0.05, 1.0])
def test_coefficients_are_scikit_learns(tables, shrinkage):
    ours, theirs = candidate("lda", shrinkage=shrinkage).fit(tables), reference(tables, shrinkage)
    scale = np.abs(theirs[1].coef_).max()
    np.testing.assert_allclose(ours[1].coef_ / scale, theirs[1].coef_ / scale, atol=1e-5)
    np.testing.assert_allclose(ours[1].intercept_, theirs[1].intercept_, rtol=1e-5)


@pytest.mark.parametrize("change", [shift, make_constant, make_class_constant])
@pytest.mark.parametrize("shrinkage", ["auto", 0.05])
def test_probabilities_are_scikit_learns_on_awkward_features(tables, make_table, change, shrinkage):
    awkward = {subject: changed(table, make_table, change) for subject, table in tables.items()}
    features, _ = stacked(awkward)
    ours = candidate("lda", shrinkage=shrinkage).fit(awkward).predict_proba(features)
    np.testing.assert_allclose(ours, reference(awkward, shrinkage).predict_proba(features), atol=1e-5)


def test_the_estimator_is_scikit_learns_own_with_its_attributes(tables):
    ours, theirs = candidate("lda").fit(tables), reference(tables, "auto")
    assert [type(step) for _, step in ours.steps] == [StandardScaler, LinearDiscriminantAnalysis]
    for own, other in zip((ours[0], ours[1]), (theirs[0], theirs[1]), strict=True):
        assert own.get_params() == other.get_params()
        learnt = {name for name in vars(other) if name.endswith("_")}
        for name in learnt - {"covariance_"}:
            np.testing.assert_allclose(getattr(own, name), getattr(other, name), rtol=1e-4, atol=1e-6, err_msg=name)


def test_answers_are_scikit_learns(tables):
    ours, theirs = candidate("lda").fit(tables), reference(tables, "auto")
    features, _ = stacked(tables)
    assert ours.classes_.tolist() == [1, 2]
    np.testing.assert_array_equal(ours.predict(features), theirs.predict(features))
    np.testing.assert_allclose(ours.decision_function(features), theirs.decision_function(features), atol=1e-4)
    single = ours.predict_proba(features.astype(np.float32))
    np.testing.assert_allclose(single, theirs.predict_proba(features), atol=1e-5)
