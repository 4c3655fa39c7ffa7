"""Which code is running."""

import os
import shutil
import subprocess
from pathlib import Path

import p300

COMMIT_VARIABLE = "P300_CODE_COMMIT"
COMMIT_FILE = "COMMIT"  # beside the package, where an image is built
UNKNOWN = "unknown"


def code_commit() -> str:
    """The commit of the checkout that the package runs from, with ``-dirty`` if files differ from it.

    An image has no checkout, but a file that says what it was built from. What ``P300_CODE_COMMIT``
    says goes first; without any of them it is ``unknown``.
    """
    stated = os.environ.get(COMMIT_VARIABLE) or _built_from()
    if stated:
        return stated
    checkout = Path(p300.__file__).resolve().parents[1]
    git = shutil.which("git")
    # An installed package may lie inside the checkout of something else.
    if git is None or not (checkout / ".git").exists():
        return UNKNOWN
    head = _ask(git, checkout, "rev-parse", "HEAD")
    if not head:
        return UNKNOWN
    changed = _ask(git, checkout, "status", "--porcelain", "--untracked-files=no")
    return f"{head}-dirty" if changed else head


def _built_from() -> str:
    try:
        return (Path(p300.__file__).parent / COMMIT_FILE).read_text().strip()
    except FileNotFoundError:
        return ""


def _ask(git: str, checkout: Path, *arguments: str) -> str:
    answer = subprocess.run(  # noqa: S603  (fixed arguments)
        [git, "-C", str(checkout), *arguments], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else ""
