"""A version's model folder on this disk: whole, or not there."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

VERSION_FILE = "version.json"


def identity_of(folder: Path) -> dict[str, object] | None:
    """Which version a folder holds; None where it holds none."""
    try:
        identity: dict[str, object] = json.loads((folder / VERSION_FILE).read_text())
    except (OSError, ValueError):
        return None
    return identity


def move_into_place(whole: Path, folder: Path, identity: Mapping[str, object]) -> None:
    """Put a whole folder where another one may be, which it replaces unless it is the same version's."""
    try:
        whole.rename(folder)
    except OSError:
        if identity_of(folder) == identity:  # another thread was first
            return
        shutil.rmtree(folder)
        whole.rename(folder)
