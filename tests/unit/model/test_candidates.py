import numpy as np
import pytest
import skops.io
from sklearn.base import is_classifier

from p300.errors import InvalidInput
from p300.model.candidates import CANDIDATES, TRUSTED_TYPES, candidate


@pytest.fixture(params=CANDIDATES)
def estimator(request, tables):
    return candidate(request.param).fit(tables)


def test_every_candidate_is_a_classifier_of_raw_features(estimator, tables):
    features = tables[1].features
    probabilities = estimator.predict_proba(features)
    assert is_classifier(estimator)
    assert estimator.classes_.tolist() == [1, 2]
    assert estimator.n_features_in_ == features.shape[1]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(estimator.predict(features), np.where(probabilities[:, 1] > 0.5, 2, 1))
    np.testing.assert_allclose(1 / (1 + np.exp(-estimator.decision_function(features))), probabilities[:, 1])


def test_every_estimator_survives_skops_trusting_only_what_is_listed(estimator, tables):
    stored = skops.io.dumps(estimator)
    assert set(skops.io.get_untrusted_types(data=stored)) <= set(TRUSTED_TYPES)
    loaded = skops.io.loads(stored, trusted=list(TRUSTED_TYPES))
    np.testing.assert_array_equal(loaded.predict_proba(tables[1].features), estimator.predict_proba(tables[1].features))


@pytest.mark.parametrize("name", ["lda", "xdawn-lda", "toeplitz-lda"])
def test_linear_candidates_need_no_trust(tables, name):
    assert skops.io.get_untrusted_types(data=skops.io.dumps(candidate(name).fit(tables))) == []


def test_parameters_make_the_same_candidate_again():
    for name, default in CANDIDATES.items():
        assert candidate(name, **default.parameters) == default
    ensemble = candidate("ensemble", **{"riemann.n_filters": 5})
    assert ensemble.parameters["riemann.n_filters"] == 5
    assert ensemble.parameters["xdawn-lda.n_filters"] == 2


@pytest.mark.parametrize(
    ("name", "parameters", "reason"),
    [
        (
            "svm",
            {},
            "no candidate 'svm': choose one of lda, xdawn-lda, toeplitz-lda, riemann, riemann-difference, ensemble",
        ),
        ("lda", {"n_filters": 2}, "lda takes no 'n_filters': its parameters are shrinkage"),
        ("lda", {"shrinkage": 1.5}, "shrinkage is 1.5, expected 'auto' or a number from 0 to 1"),
        ("lda", {"shrinkage": "much"}, "shrinkage is 'much'"),
        ("xdawn-lda", {"n_filters": 0}, "n_filters is 0, expected a whole number from 1"),
        ("toeplitz-lda", {"taper": "yes"}, "taper is 'yes'"),
        ("ensemble", {"riemann.n_filters": 0}, "riemann.n_filters is 0"),
    ],
)
def test_what_no_candidate_is_made_of_is_refused(name, parameters, reason):
    with pytest.raises(InvalidInput, match=reason):
        candidate(name, **parameters)
