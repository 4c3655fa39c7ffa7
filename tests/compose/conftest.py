"""The tests of the platform in containers. They run one after another, in the order of their numbers, on one stack."""

from pathlib import Path

import pytest

from tests.containers import need_compose, need_docker

FOLDER = Path(__file__).parent
SAYS_SO = "test_0_asked.py"


def is_asked(config: pytest.Config) -> bool:
    """Whether this folder was named: these tests delete what is stored, so nobody meets them by chance."""
    return any(Path(argument.partition("::")[0]).resolve().is_relative_to(FOLDER) for argument in config.args)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """In a run of everything, one test here says that the others were not run."""
    hidden = collection_path.name.startswith("test_") and (collection_path.name == SAYS_SO) == is_asked(config)
    return True if hidden else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session", autouse=True)
def _containers(request: pytest.FixtureRequest) -> None:
    if is_asked(request.config):
        need_docker()
        need_compose()
