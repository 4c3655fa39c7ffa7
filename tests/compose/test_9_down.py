"""The last line of README's walkthrough leaves nothing behind."""

from tests.compose.platform import ENVIRONMENT
from tests.compose.shell import sh, walkthrough


def test_nothing_is_left() -> None:
    sh(walkthrough()[-1])
    for project in (ENVIRONMENT.value("P300_PROJECT"), f"{ENVIRONMENT.value('P300_PROJECT')}-airflow"):
        for listing in ("ps --all", "volume ls", "network ls"):
            assert sh(f"docker {listing} --quiet --filter label=com.docker.compose.project={project}") == ""
