"""The difference of a subject's AUC agrees with the definitions that it abbreviates."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from p300.domain import SubjectId
from p300.errors import InvalidInput
from p300.rollout.difference import differences, resampled_differences
from tests.unit.rollout.contests import answers, contest, scored


def _literal_variance(first: NDArray[np.float64], second: NDArray[np.float64], targets: NDArray[np.bool_]) -> float:
    """DeLong's variance of a difference as it is written: a kernel over all pairs, then covariances."""

    def components(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x, y = scores[targets][:, np.newaxis], scores[~targets][np.newaxis, :]
        kernel = (x > y) + 0.5 * (x == y)
        return kernel.mean(axis=1), kernel.mean(axis=0)

    (first_10, first_01), (second_10, second_01) = components(first), components(second)
    covariance = np.cov(first_10, second_10) / len(first_10) + np.cov(first_01, second_01) / len(first_01)
    contrast = np.array([1, -1])
    return float(contrast @ covariance @ contrast)


def test_equals_the_literal_formulas() -> None:
    champion, challenger, targets = scored(3, 150, 1.0, 1.3)
    found = differences(answers(champion, targets), answers(challenger, targets))
    for subject, target in targets.items():
        assert found[subject].champion_auc == pytest.approx(roc_auc_score(target, champion[subject]))
        assert found[subject].challenger_auc == pytest.approx(roc_auc_score(target, challenger[subject]))
        literal = _literal_variance(champion[subject], challenger[subject], target)
        assert found[subject].variance == pytest.approx(literal, rel=1e-9)


def test_resampled_differences_are_those_of_the_drawn_epochs() -> None:
    champion, challenger, targets = scored(1, 200, 1.0, 1.3)
    one = SubjectId(1)
    ours, theirs = answers(champion, targets)[one], answers(challenger, targets)[one]
    found = resampled_differences(ours, theirs, np.random.default_rng(3), 4)
    rng = np.random.default_rng(3)
    positive, negative = np.flatnonzero(targets[one]), np.flatnonzero(~targets[one])
    of_targets = rng.integers(0, len(positive), (4, len(positive)))
    of_nontargets = rng.integers(0, len(negative), (4, len(negative)))
    for number in range(4):
        rows = np.concatenate([positive[of_targets[number]], negative[of_nontargets[number]]])
        flags = targets[one][rows]
        literal = roc_auc_score(flags, challenger[one][rows]) - roc_auc_score(flags, champion[one][rows])
        assert found[number] == pytest.approx(literal, abs=1e-12)


def test_resampled_differences_spread_as_delong_says() -> None:
    champion, challenger = contest(1, 400, 1.0, 1.2)
    one = SubjectId(1)
    drawn = resampled_differences(champion[one], challenger[one], np.random.default_rng(0), 4000)
    assert drawn.var() == pytest.approx(differences(champion, challenger)[one].variance, rel=0.1)


def test_refuses_what_cannot_be_compared() -> None:
    champion, challenger, targets = scored(2, 50, 1.0, 1.0)
    one, two = SubjectId(1), SubjectId(2)
    ours, theirs = answers(champion, targets), answers(challenger, targets)
    with pytest.raises(InvalidInput, match="same subjects"):
        differences(ours.of([one]), theirs)
    with pytest.raises(InvalidInput, match="subject_02.*one each, of the same epochs"):
        differences(answers({**champion, two: champion[two][:-1]}, targets), theirs)
    with pytest.raises(InvalidInput, match="subject_01: some probabilities are no numbers"):
        differences(answers({**champion, one: np.full(50, np.nan)}, targets), theirs)
    none = {**targets, one: np.zeros(50, dtype=bool)}
    with pytest.raises(InvalidInput, match="at least two of each class"):
        differences(answers(champion, none), answers(challenger, none))
