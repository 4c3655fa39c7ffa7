import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sklearn_metrics

from p300.errors import InvalidInput
from p300.model.scores import brier_score, calibration_error, equal_bins, score


def test_scores_of_a_case_worked_by_hand():
    targets = np.array([False, False, False, True, True])
    scores = score(targets, np.array([0.1, 0.2, 0.7, 0.4, 0.9]))
    assert scores.auc == pytest.approx(5 / 6)
    assert scores.accuracy == pytest.approx(3 / 5)
    assert scores.balanced_accuracy == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert scores.kappa == pytest.approx((0.6 - 0.52) / (1 - 0.52))
    assert scores.confusion.tolist() == [[2, 1], [1, 1]]
    metrics = scores.as_metrics()
    assert metrics["false_positives"] == 1
    assert metrics["n_epochs"] == 5
    assert all(type(value) is float for value in metrics.values())


@given(hnp.arrays(np.float64, st.integers(2, 40), elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])), st.data())
def test_auc_is_the_share_of_pairs_in_order_ties_counting_half(probabilities, data):
    n_epochs = len(probabilities)
    targets = np.array(data.draw(st.lists(st.booleans(), min_size=n_epochs, max_size=n_epochs)))
    targets[:2] = True, False
    higher = probabilities[targets][:, None] - probabilities[~targets]
    assert score(targets, probabilities).auc == pytest.approx(np.mean((np.sign(higher) + 1) / 2))


def test_scores_are_scikit_learns():
    rng = np.random.default_rng(4)
    targets, probabilities = rng.random(500) < 1 / 6, np.round(rng.random(500), 2)
    scores, called = score(targets, probabilities), probabilities >= 0.5
    assert scores.auc == pytest.approx(sklearn_metrics.roc_auc_score(targets, probabilities), abs=1e-12)
    assert scores.kappa == pytest.approx(sklearn_metrics.cohen_kappa_score(targets, called), abs=1e-12)
    assert scores.accuracy == sklearn_metrics.accuracy_score(targets, called)
    assert scores.balanced_accuracy == pytest.approx(sklearn_metrics.balanced_accuracy_score(targets, called))
    np.testing.assert_array_equal(scores.confusion, sklearn_metrics.confusion_matrix(targets, called))


def test_one_class_called_throughout_has_no_kappa_above_chance():
    scores = score([True, False, False], [0.1, 0.1, 0.2])
    assert (scores.kappa, scores.balanced_accuracy) == (0, 0.5)


@pytest.mark.parametrize(
    ("targets", "probabilities", "reason"),
    [
        ([True, True], [0.1, 0.2], "of 2 epochs 2 are Target"),
        ([False, False], [0.1, 0.2], "of 2 epochs 0 are Target"),
        ([], [], "of 0 epochs 0 are Target"),
        ([True, False], [0.1], "one probability an epoch"),
        ([True, False], [[0.1, 0.2]], "one probability an epoch"),
        ([True, False], [0.1, 1.2], "from 0 to 1"),
        ([True, False], [0.1, np.nan], "from 0 to 1"),
    ],
)
def test_what_cannot_be_scored_is_refused(targets, probabilities, reason):
    with pytest.raises(InvalidInput, match=reason):
        score(targets, probabilities)


def test_reliability_is_counted_in_bins_of_equally_many() -> None:
    probabilities = np.repeat([0.1, 0.6], 50)
    targets = np.concatenate([np.arange(50) < 10, np.arange(50) < 25])
    said, happened = equal_bins(targets, probabilities)
    assert said.tolist() == pytest.approx([0.1] * 5 + [0.6] * 5)
    assert (happened[:5].mean(), happened[5:].mean()) == pytest.approx((0.2, 0.5))
    assert calibration_error(targets, np.where(targets, 1.0, 0.0)) == 0
    assert calibration_error(np.array([True, False, True]), np.array([0.5, 0.5, 0.5])) == pytest.approx(0.5)


def test_brier_score_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    targets, probabilities = rng.random(100) < 0.2, rng.random(100).astype(np.float32)
    assert brier_score(targets, probabilities) == pytest.approx(
        sklearn_metrics.brier_score_loss(targets, probabilities)
    )
