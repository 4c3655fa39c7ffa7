"""Whoever starts a training reads first how much it will be."""

import pytest

from p300.domain import SubjectId
from p300.jobs.training.plan import Plan
from p300.model.candidates import candidate
from p300.model.tuning import DEFAULT_GRID

SUBJECTS = tuple(SubjectId(number) for number in range(1, 65))


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (
            Plan((candidate("lda"),), SUBJECTS, 76_032, 1_120),
            (
                "training lda on subjects 1-64: 76,032 epochs of 1,120 features, 341 MB; "
                "leaving a subject out takes a subtraction"
            ),
        ),
        (
            Plan((candidate("lda"),), SUBJECTS[60:], 4_752, 1_120, base_version=3),
            (
                "training lda, added to version 3, on subjects 61-64: 4,752 epochs of 1,120 features, 21 MB; "
                "leaving a subject out takes a subtraction"
            ),
        ),
        (
            Plan((candidate("riemann"),), SUBJECTS, 76_032, 1_120),
            (
                "training riemann on subjects 1-64: 76,032 epochs of 1,120 features, 341 MB; "
                "leaving each subject out takes 64 fits, which is most of the time"
            ),
        ),
    ],
)
def test_it_says_whom_how_much_and_how_often(plan: Plan, sentence: str) -> None:
    assert plan.sentence() == sentence


def test_a_search_counts_its_candidates() -> None:
    sentence = Plan(DEFAULT_GRID, SUBJECTS[:2], 100, 20).sentence()
    n_refitted = sum(not each.sums_suffice for each in DEFAULT_GRID)
    assert sentence.startswith(f"searching {len(DEFAULT_GRID)} candidates on subjects 1-2: ")
    assert f"takes {2 * n_refitted} fits" in sentence
