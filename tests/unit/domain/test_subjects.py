"""Subjects as people write them are what is read, and the other way round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.domain import parse_subjects, subjects_text


@given(st.sets(st.integers(1, 200), min_size=1))
def test_what_is_written_is_read_again(subjects: set[int]) -> None:
    assert parse_subjects(subjects_text(subjects)) == tuple(sorted(subjects))


@pytest.mark.parametrize(
    ("subjects", "text"),
    [([], "none"), ([7], "7"), ([3, 1, 2], "1-3"), ([1, 2, 4, 6, 7], "1-2, 4, 6-7"), (range(1, 65), "1-64")],
)
def test_neighbours_are_a_range(subjects: list[int], text: str) -> None:
    assert subjects_text(subjects) == text
