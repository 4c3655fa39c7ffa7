"""The verdict decides only when it can, for the next person, and errs as seldom as it says."""

from dataclasses import replace

import numpy as np
import pytest

from p300.domain import SubjectId
from p300.model.answers import Answers, SubjectAnswers
from p300.rollout.verdict import Limits, compare
from tests.unit.rollout.contests import contest, people


@pytest.mark.parametrize(
    ("n_subjects", "champion_gain", "challenger_gain", "outcome", "reason"),
    [
        (6, 1.0, 2.0, "promote", "better for the next person"),
        (6, 2.0, 1.0, "keep", "the champion is better"),
        (6, 1.5, 1.5, "undecided", "too few, or too different"),
        (4, 1.0, 2.0, "undecided", "too few, or too different"),
        (24, 1.0, 2.0, "promote", "better for the next person"),
        (24, 2.0, 1.0, "keep", "the champion is better"),
    ],
)
def test_decides_where_it_can(
    n_subjects: int, champion_gain: float, challenger_gain: float, outcome: str, reason: str
) -> None:
    limits = Limits(largest_brier_rise=1, largest_calibration_error=1)
    verdict = compare(*contest(n_subjects, 600, champion_gain, challenger_gain), limits)
    assert verdict.outcome == outcome
    assert reason in verdict.reason
    assert (verdict.further_subjects is not None) == (outcome == "undecided")


def test_the_same_answers_rule_out_a_gain() -> None:
    champion, _ = contest(6, 100, 1.0, 1.0)
    verdict = compare(champion, champion, Limits(largest_calibration_error=1))
    assert (verdict.outcome, verdict.difference) == ("keep", 0)
    assert "a gain of 0.005 AUC is ruled out" in verdict.reason


def test_a_small_gain_is_not_worth_it() -> None:
    champion, challenger = contest(8, 4000, 1.0, 1.06)
    limits = Limits(largest_brier_rise=1, largest_calibration_error=1)
    assert compare(champion, challenger, limits).outcome == "promote"
    verdict = compare(champion, challenger, replace(limits, minimum_effect=verdict_gain(champion, challenger) + 0.002))
    assert (verdict.outcome, "less than" in verdict.reason or "ruled out" in verdict.reason) == ("keep", True)


def verdict_gain(champion: Answers, challenger: Answers) -> float:
    return compare(champion, challenger).difference


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda each: SubjectAnswers(each.flashes, each.probabilities**6), "calibration error"),
        (lambda each: SubjectAnswers(each.flashes, 0.5 + each.probabilities / 2), "rise of the Brier score"),
    ],
)
def test_probabilities_must_hold_too(spoil, check: str) -> None:  # type: ignore[no-untyped-def]
    champion, challenger = people(np.random.default_rng(0), 6, 600, gain=0.5, spread=0.0)
    assert compare(champion, challenger).outcome == "promote"
    spoilt = Answers({subject: spoil(each) for subject, each in challenger.items()})
    verdict = compare(champion, spoilt)
    assert verdict.outcome == "keep"
    assert check in verdict.reason


def test_nobody_may_lose_too_much() -> None:
    champion, challenger = people(np.random.default_rng(0), 24, 600, gain=0.8, spread=0.0)
    one = SubjectId(1)
    lost = SubjectAnswers(champion[one].flashes, np.full(600, 1 / 6))
    verdict = compare(champion, Answers({**challenger, one: lost}))
    assert verdict.outcome == "keep"
    assert "largest loss of one subject" in verdict.reason


@pytest.mark.parametrize("n_subjects", [5, 10, 24])
def test_a_challenger_that_is_no_better_is_seldom_promoted(n_subjects: int) -> None:
    """Equally good on average over people, better for some and worse for others: an AUC of .02 either way."""
    rng = np.random.default_rng(n_subjects)
    n_contests = 150 if n_subjects > 20 else 600
    limits = Limits(minimum_effect=0, largest_subject_loss=1, largest_brier_rise=1, largest_calibration_error=1)
    verdicts = [compare(*people(rng, n_subjects, 240, gain=0, spread=0.1), limits) for _ in range(n_contests)]
    promoted = np.mean([each.outcome == "promote" for each in verdicts])
    assert promoted <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / n_contests)
