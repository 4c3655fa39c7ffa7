"""The way back: a stack is saved, emptied, and restored with the same aliases serving the same predictions."""

from pathlib import Path

import httpx
import pytest

from p300.domain import CHALLENGER, CHAMPION
from p300.store.layout import BUCKETS
from tests.compose import platform
from tests.compose.shell import await_true, sh
from tests.compose.traffic import REQUEST

Told = dict[str, tuple[object, object]]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    folder = tmp_path / "backup"
    sh(f"make backup TO={folder}")
    return folder


def predictions() -> Told:
    """By alias: the version that answers an epoch, and its answer."""
    told: Told = {}
    for alias in (CHAMPION, CHALLENGER):
        answer = httpx.post(f"{platform.BASE_URL}/predict-{alias}/", json=REQUEST, timeout=30).raise_for_status().json()
        told[alias] = (answer["model"], answer["predictions"])
    return told


def test_an_emptied_stack_comes_back(backup: Path) -> None:
    before, runs = predictions(), platform.dag_runs()
    objects = {bucket: platform.store().list(bucket) for bucket in BUCKETS}

    sh("make down VOLUMES=1")
    sh("make up")
    assert httpx.post(f"{platform.BASE_URL}/predict-champion/", json=REQUEST).status_code == 503
    assert all(platform.store().list(bucket) == [] for bucket in BUCKETS)

    sh(f"make restore FROM={backup}")
    assert {bucket: platform.store().list(bucket) for bucket in BUCKETS} == objects
    for alias in (CHAMPION, CHALLENGER):
        version = platform.version_under(alias).version
        await_true(lambda: platform.served_version(alias) == version, within_s=30, what=f"{alias} is served")  # noqa: B023
    assert predictions() == before
    assert platform.dag_runs() == runs
