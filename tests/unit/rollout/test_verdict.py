"""The verdict agrees with the definitions it abbreviates, and decides only when it can."""

from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from p300.domain import SubjectId
from p300.errors import InvalidInput
from p300.model.answers import Answers, Flashes, SubjectAnswers
from p300.rollout.verdict import Verdict, compare, placements

Scores = dict[SubjectId, NDArray[np.float64]]
Flags = dict[SubjectId, NDArray[np.bool_]]


def _flashes(
    n_subjects: int, n_epochs: int, champion_gain: float, challenger_gain: float
) -> tuple[Scores, Scores, Flags]:
    """Two versions that share most of their noise, as two classifiers of the same epochs do."""
    rng = np.random.default_rng(11)
    champion, challenger, targets = {}, {}, {}
    for subject in map(SubjectId, range(1, n_subjects + 1)):
        target = rng.random(n_epochs) < 1 / 6
        shared = rng.standard_normal(n_epochs)
        for scores, gain in ((champion, champion_gain), (challenger, challenger_gain)):
            noisy = gain * target + shared + 0.4 * rng.standard_normal(n_epochs)
            scores[subject] = np.round(1 / (1 + np.exp(-noisy)), 2)  # rounded: ties must count one half
        targets[subject] = target
    return champion, challenger, targets


def _compare(champion: Scores, challenger: Scores, targets: Flags) -> Verdict:
    flashes = {subject: Flashes(flags) for subject, flags in targets.items()}
    return compare(
        Answers({subject: SubjectAnswers(flashes[subject], each) for subject, each in champion.items()}),
        Answers({subject: SubjectAnswers(flashes[subject], each) for subject, each in challenger.items()}),
    )


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
    champion, challenger, targets = _flashes(3, 150, 1.0, 1.3)
    verdict = _compare(champion, challenger, targets)
    variances = []
    for subject, target in targets.items():
        of_subject = verdict.per_subject[subject]
        assert of_subject.champion_auc == pytest.approx(roc_auc_score(target, champion[subject]))
        assert of_subject.challenger_auc == pytest.approx(roc_auc_score(target, challenger[subject]))
        variances.append(_literal_variance(champion[subject], challenger[subject], target))
        assert of_subject.variance == pytest.approx(variances[-1], rel=1e-9)
    margin = NormalDist().inv_cdf(0.975) * np.sqrt(sum(variances)) / 3
    assert verdict.high - verdict.low == pytest.approx(2 * margin)
    assert (verdict.low + verdict.high) / 2 == pytest.approx(verdict.difference)


def test_interval_agrees_with_a_bootstrap_of_epochs() -> None:
    champion, challenger, targets = _flashes(4, 400, 1.0, 1.2)
    rng = np.random.default_rng(5)

    def resampled_difference(subject: SubjectId) -> float:
        positive, negative = np.flatnonzero(targets[subject]), np.flatnonzero(~targets[subject])
        rows = np.concatenate([rng.choice(positive, len(positive)), rng.choice(negative, len(negative))])
        flags = targets[subject][rows]
        return float(
            placements(challenger[subject][rows], flags)[0].mean()
            - placements(champion[subject][rows], flags)[0].mean()
        )

    differences = [np.mean([resampled_difference(subject) for subject in targets]) for _ in range(500)]
    verdict = _compare(champion, challenger, targets)
    standard_error = (verdict.high - verdict.low) / 2 / NormalDist().inv_cdf(0.975)
    assert standard_error == pytest.approx(np.std(differences), rel=0.12)


@pytest.mark.parametrize(
    ("champion_gain", "challenger_gain", "better"),
    [(1.0, 2.0, "challenger"), (2.0, 1.0, "champion"), (1.5, 1.5, "undecided")],
)
def test_names_the_better_version(champion_gain: float, challenger_gain: float, better: str) -> None:
    champion, challenger, targets = _flashes(3, 600, champion_gain, challenger_gain)
    assert _compare(champion, challenger, targets).better == better


def test_same_answers_are_undecided_with_certainty() -> None:
    champion, _, targets = _flashes(2, 100, 1.0, 1.0)
    verdict = _compare(champion, champion, targets)
    assert (verdict.difference, verdict.low, verdict.high, verdict.better) == (0, 0, 0, "undecided")


def test_refuses_what_cannot_be_compared() -> None:
    champion, challenger, targets = _flashes(2, 50, 1.0, 1.0)
    one, two = SubjectId(1), SubjectId(2)
    with pytest.raises(InvalidInput, match="same subjects"):
        _compare({one: champion[one]}, challenger, targets)
    with pytest.raises(InvalidInput, match="subject_02.*one each, of the same epochs"):
        _compare({**champion, two: champion[two][:-1]}, challenger, targets)
    with pytest.raises(InvalidInput, match="subject_01: some probabilities are no numbers"):
        _compare({**champion, one: np.full(50, np.nan)}, challenger, targets)
    with pytest.raises(InvalidInput, match="at least two of each class"):
        _compare(champion, challenger, {**targets, one: np.zeros(50, dtype=bool)})
