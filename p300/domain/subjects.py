"""Subjects, by number and by name."""

import re
from collections.abc import Iterable
from typing import NewType

from p300.errors import InvalidInput

SubjectId = NewType("SubjectId", int)

_SUBJECT_NAME = re.compile(r"subject_(\d{2,})")


def subject_name(subject: int) -> str:
    """``subject_07`` for 7: at least two digits."""
    return f"subject_{subject:02d}"


def parse_subject(text: str) -> SubjectId:
    """Read ``7``, ``07`` or ``subject_07``.

    Raises
    ------
    InvalidInput
        Anything else, and numbers below 1.
    """
    match = _SUBJECT_NAME.fullmatch(text)
    digits = match.group(1) if match else text
    if not (digits.isascii() and digits.isdigit()) or int(digits) < 1:
        raise InvalidInput(
            f"{text!r} is not a subject: give a whole number from 1, such as 7, or a name such as subject_07"
        )
    return SubjectId(int(digits))


def parse_subjects(text: str) -> tuple[SubjectId, ...]:
    """Read ``1-10``, ``1,3,5-7`` or ``subject_02,4``, in order and without repetition.

    Raises
    ------
    InvalidInput
        A part that is no subject, or a range that runs backwards.
    """
    subjects: set[SubjectId] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        low, high = parse_subject(first), parse_subject(last if dash else first)
        if low > high:
            raise InvalidInput(f"the range of subjects {part.strip()!r} runs backwards: write {high}-{low}")
        subjects.update(SubjectId(number) for number in range(low, high + 1))
    return tuple(sorted(subjects))


def subjects_text(subjects: Iterable[int]) -> str:
    """``1-5, 7``: what :func:`parse_subjects` reads, and people write."""
    parts: list[str] = []
    start = previous = None
    for subject in [*sorted(subjects), None]:
        if previous is not None and subject == previous + 1:
            previous = subject
            continue
        if start is not None:
            parts.append(str(start) if start == previous else f"{start}-{previous}")
        start = previous = subject
    return ", ".join(parts) or "none"
