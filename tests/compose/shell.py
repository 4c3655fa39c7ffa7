"""Command lines as a person types them, in the folder of the checkout."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LONGEST_S = 1800.0


def sh(line: str, variables: Mapping[str, str] | None = None, *, timeout_s: float = LONGEST_S) -> str:
    """What the line wrote on standard output; a line that fails fails the test with all that it said."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **(variables or {})}
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"{line}\nexit code {done.returncode}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def walkthrough() -> list[str]:
    """The lines of the platform's walkthrough, as README has them."""
    section = README.partition("\n## The platform\n")[2]
    block = re.search(r"^```\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert block is not None
    return block[1].splitlines()


def await_true(condition: Callable[[], object], *, within_s: float, what: str, every_s: float = 1.0) -> float:
    """Seconds until the condition held."""
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < within_s, f"after {within_s:g} s: {what}"
        time.sleep(every_s)
    return time.monotonic() - began_s
