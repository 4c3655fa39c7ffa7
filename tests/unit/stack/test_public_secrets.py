"""A service does not start with secrets that everybody knows: the rule, and the command that images ask it by."""

import subprocess
import sys

import pytest

from p300.errors import InvalidInput
from p300.stack.public_secrets import require_private


def test_private_secrets_are_no_fault() -> None:
    require_private(["A_SECRET", "B_SECRET"], "prod", {"A_SECRET": "own", "B_SECRET": "own too, not dev-"})


def test_public_secrets_are_no_fault_of_dev() -> None:
    require_private(["A_SECRET"], "dev", {"A_SECRET": "dev-a"})


def test_everything_missing_is_named_before_what_is_public() -> None:
    with pytest.raises(InvalidInput, match=r"missing in the environment: A_SECRET, C_SECRET$"):
        require_private(["A_SECRET", "B_SECRET", "C_SECRET"], "prod", {"A_SECRET": "", "B_SECRET": "dev-b"})


@pytest.mark.parametrize(("environment", "code"), [("dev", 0), ("staging", 1), ("", 1)])
def test_the_command_ends_as_the_rule_says(environment: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "p300.stack.public_secrets", "A_SECRET"],
        env={"P300_ENV": environment, "A_SECRET": "dev-of-everyone"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert ("A_SECRET begins with dev-, so everybody knows it" in done.stderr) == bool(code)
    assert "dev-of-everyone" not in done.stderr
