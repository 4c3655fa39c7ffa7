import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import log_loss

from p300.domain import SubjectId
from p300.model.answers import Answers, Flashes, SubjectAnswers
from p300.model.calibration import Calibration, calibrated_by_others
from p300.model.candidates import CANDIDATES, candidate
from p300.model.validation import validate


def answers_of(*subjects):
    """Answers of subjects given as (targets, log-odds)."""
    return Answers(
        {
            SubjectId(number): SubjectAnswers(Flashes(np.asarray(targets, bool)), expit(np.asarray(log_odds, float)))
            for number, (targets, log_odds) in enumerate(subjects, start=1)
        }
    )


def too_sure(n_subjects, factor, *, n_epochs=3000, seed=0):
    """Subjects whose log-odds are right but for a factor."""
    rng = np.random.default_rng(seed)
    subjects = []
    for _ in range(n_subjects):
        honest = rng.normal(-1.6, 1.5, n_epochs)
        subjects.append((rng.random(n_epochs) < expit(honest), factor * honest))
    return answers_of(*subjects)


def mean_log_loss(answers):
    return np.mean([log_loss(each.targets, each.probabilities) for each in answers.values()])


def calibration_error(answers, n_bins=10):
    """Mean distance of what is said from what happens, over bins of equally many epochs."""
    said = np.concatenate([each.probabilities for each in answers.values()])
    happened = np.concatenate([each.targets for each in answers.values()])
    bins = np.array_split(np.argsort(said), n_bins)
    return np.mean([abs(said[each].mean() - happened[each].mean()) for each in bins])


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.5])
def test_it_undoes_a_factor_of_the_log_odds(factor):
    found = Calibration.of(too_sure(4, factor))
    assert found.slope == pytest.approx(1 / factor, rel=0.05)
    assert found.offset == pytest.approx(0, abs=0.1)
    assert found.n_subjects == 4


def faint(make_table, n_subjects=5, n_epochs=240):
    """Subjects whose Targets differ a little from NonTargets, each in a way of their own as well."""
    labels = np.where(np.arange(n_epochs) % 6 == 0, 2, 1)
    tables = {}
    for number in range(1, n_subjects + 1):
        rng = np.random.default_rng(number)
        features = rng.standard_normal((n_epochs, 6 * 14))
        features[labels == 2] += 0.15 + 0.1 * rng.standard_normal(6 * 14)
        tables[SubjectId(number)] = make_table(features, labels)
    return tables


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_person_held_out_gets_better_probabilities_in_the_same_order(make_table, name):
    """Whoever was not trained on: less log loss, nearer to what happens, the same AUC."""
    raw = validate(candidate(name), faint(make_table))
    calibrated = calibrated_by_others(raw)
    assert list(calibrated) == list(raw)
    assert mean_log_loss(calibrated) < mean_log_loss(raw)
    assert calibration_error(calibrated) < calibration_error(raw)
    for subject, each in calibrated.items():
        assert each.scores.auc == pytest.approx(raw[subject].scores.auc, abs=1e-12)


def test_a_persons_own_answers_have_no_part_in_their_calibration():
    answers = too_sure(3, 2.0)
    turned = Answers({**answers, SubjectId(2): SubjectAnswers(Flashes(~answers[2].targets), answers[2].probabilities)})
    np.testing.assert_array_equal(
        calibrated_by_others(answers)[2].probabilities, calibrated_by_others(turned)[2].probabilities
    )


def test_each_person_counts_the_same_however_many_epochs():
    one, other = too_sure(1, 1.0, seed=1)[1], too_sure(1, 3.0, seed=2)[1]
    ten_times = SubjectAnswers(Flashes(np.tile(other.targets, 10)), np.tile(other.probabilities, 10))
    once, often = (Calibration.of(Answers({SubjectId(1): one, SubjectId(2): each})) for each in (other, ten_times))
    assert often.slope == pytest.approx(once.slope, rel=0.01)
    assert often.offset == pytest.approx(once.offset, abs=0.01)


def test_with_two_people_each_is_calibrated_by_the_other_and_one_alone_stays():
    two = too_sure(2, 2.0)
    calibrated = calibrated_by_others(two)
    other = Calibration.of(two.of([SubjectId(2)]))
    np.testing.assert_allclose(calibrated[1].probabilities, other.of_probabilities(two[1].probabilities))
    alone = two.of([SubjectId(1)])
    np.testing.assert_allclose(calibrated_by_others(alone)[1].probabilities, alone[1].probabilities)


LOG_ODDS = st.floats(-40, 40)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.tuples(st.booleans(), LOG_ODDS), min_size=1, max_size=12), min_size=1, max_size=4))
def test_the_slope_is_above_0_and_all_is_finite_whatever_the_answers(subjects):
    answers = answers_of(*(tuple(zip(*subject, strict=True)) for subject in subjects))
    found = Calibration.of(answers)
    assert 0 < found.slope < np.inf
    assert np.isfinite(found.offset)
    for each in answers.values():
        calibrated = found.of_probabilities(each.probabilities)
        assert ((calibrated >= 0) & (calibrated <= 1)).all()
        in_order = np.argsort(each.probabilities, kind="stable")
        assert (np.diff(calibrated[in_order]) >= 0).all()


@pytest.mark.parametrize("log_odds", [0.0, -1.7, 30.0])
def test_of_constant_answers_the_share_of_targets_is_learnt(log_odds):
    targets = np.arange(600) % 6 == 0
    found = Calibration.of(answers_of((targets, np.full(600, log_odds)), (targets, np.full(600, log_odds))))
    assert found.of_probabilities(expit(np.array([log_odds])))[0] == pytest.approx(1 / 6, abs=0.02)


def test_answers_that_say_nothing_become_the_share_of_targets():
    rng = np.random.default_rng(3)
    nothing = answers_of(*((np.arange(900) % 6 == 0, rng.normal(-1, 3, 900)) for _ in range(3)))
    calibrated = calibrated_by_others(nothing)
    assert mean_log_loss(calibrated) == pytest.approx(log_loss(np.arange(6) == 0, np.full(6, 1 / 6)), abs=0.01)


def test_answers_that_are_always_right_keep_a_finite_slope():
    targets = np.arange(60) % 6 == 0
    assert 1 < Calibration.of(answers_of((targets, np.where(targets, 2, -2)))).slope < 20


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_candidates_estimator_takes_it_into_its_coefficients(tables, name):
    estimator = CANDIDATES[name].fit(tables)
    calibration = Calibration(0.4, -0.7)
    calibrated = calibration.of_estimator(estimator)
    features = tables[3].features
    before, after = estimator.decision_function(features), calibrated.decision_function(features)
    np.testing.assert_allclose(after, 0.4 * before - 0.7, atol=1e-9)
    np.testing.assert_allclose(calibrated.predict_proba(features)[:, 1], expit(after), atol=1e-12)
    assert type(calibrated) is type(estimator)
    assert calibrated.n_features_in_ == estimator.n_features_in_


def test_an_estimator_without_log_odds_to_scale_stays_as_it_is():
    class Guess(ClassifierMixin, BaseEstimator):
        """Of a kind that is not known here."""

    assert Calibration(0.5).of_estimator(Guess()) is None
