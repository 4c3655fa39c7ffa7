"""The tests of the platform in containers. They run one after another, in the order of their numbers, on one stack."""

import os
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.path.is_relative_to(FOLDER)]
    for item in ours:
        item.add_marker(pytest.mark.docker)
    if ours and not _engine_answers() and not os.environ.get("P300_REQUIRE_SERVERS"):
        for item in ours:
            item.add_marker(
                pytest.mark.skip(reason="no Docker engine answers: the platform in containers is not tested")
            )


def _engine_answers() -> bool:
    try:
        return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
