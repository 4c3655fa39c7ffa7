"""What an incremental fit does with the calibration of the version that it starts from."""

import numpy as np
import pytest

from p300.domain import SubjectId
from p300.jobs.training.learn import Base, learn, learn_new
from p300.jobs.training.reading import read_once
from p300.model.calibration import Calibration
from p300.model.candidates import candidate
from tests.builders import make_table

LDA = candidate("lda")


def tables(*subjects):
    return {SubjectId(number): one_table(number) for number in subjects}


def one_table(number):
    rng = np.random.default_rng(number)
    labels = np.where(np.arange(60) % 6 == 0, 2, 1)
    features = rng.standard_normal((60, 2 * 9)) + 0.4 * (labels[:, None] == 2)
    return make_table(features, labels, raw_sha256=f"{number:064d}")


def grown(base, *subjects):
    with read_once(tables(*subjects)) as reading:
        return learn_new(LDA, base, reading, lambda _step: None)


@pytest.fixture
def base():
    with read_once(tables(1, 2, 3)) as reading:
        first = learn(LDA, reading, lambda _step: None)
    assert first.calibration.n_subjects == 3
    return Base(1, first.sums, first.provenances, first.calibration)


def test_it_keeps_a_calibration_that_as_many_people_taught(base):
    learned = grown(base, 4, 5, 6)
    assert learned.calibration == base.calibration
    raw = LDA.fit(tables(1, 2, 3, 4, 5, 6)).decision_function(one_table(7).features)
    np.testing.assert_allclose(
        learned.estimator.decision_function(one_table(7).features),
        base.calibration.slope * raw + base.calibration.offset,
        atol=1e-5,
    )


def test_it_learns_a_new_one_from_more_people(base):
    learned = grown(base, 4, 5, 6, 7)
    assert learned.calibration.n_subjects == 4
    assert learned.calibration.slope != base.calibration.slope


def test_after_a_version_without_one_it_learns_it_from_the_new_people(base):
    learned = grown(Base(1, base.sums, base.provenances), 4)
    assert learned.calibration.n_subjects == 1
    assert list(learned.validation) == [4]


def test_the_answers_that_are_registered_are_calibrated_as_the_estimator_is(base):
    learned = grown(base, 4)
    without = LDA.fit(tables(1, 2, 3)).predict_proba(one_table(4).features)[:, 1]
    expected = Calibration(base.calibration.slope, base.calibration.offset).of_probabilities(without)
    np.testing.assert_allclose(learned.validation[SubjectId(4)].probabilities, expected, atol=1e-5)
