"""A version says which code made it."""

import re

import pytest

from p300.jobs.commit import code_commit


def test_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P300_CODE_COMMIT", "abc123")
    assert code_commit() == "abc123"


def test_checkout_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("P300_CODE_COMMIT", raising=False)
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|unknown", code_commit())
