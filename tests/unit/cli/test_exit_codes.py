"""A shell learns from the exit code what kind of end it was, and `--help` says which codes there are."""

import pytest

from p300.cli.exit_codes import MEANINGS, exit_code_of, exit_codes_text
from p300.errors import (
    InvalidInput,
    InvalidRecording,
    NotFound,
    P300Error,
    PartialFailure,
    PayloadTooLarge,
    Refused,
    Unavailable,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (P300Error("x"), 1),
        (InvalidInput("x"), 2),
        (PayloadTooLarge("x"), 2),
        (InvalidRecording("x"), 1),
        (NotFound("x"), 1),
        (Refused("x"), 1),
        (Unavailable("x"), 1),
        (PartialFailure("ingested", {"subject_01": "x"}), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_code(error: P300Error, code: int) -> None:
    assert exit_code_of(error) == code
    assert code in MEANINGS


def test_every_code_is_explained() -> None:
    assert all(f"{code} {meaning}" in exit_codes_text() for code, meaning in MEANINGS.items())
