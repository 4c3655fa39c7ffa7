"""A second environment runs beside dev on one machine, with secrets of its own."""

import base64
import secrets
from collections.abc import Iterator

import httpx
import pytest

from p300.stack.environment import load_environment
from tests.compose import platform
from tests.compose.shell import sh
from tests.compose.traffic import REQUEST

STAGING = load_environment("staging", process_environment={})


@pytest.fixture(scope="module")
def given() -> Iterator[dict[str, str]]:
    """Staging's secrets, as its people would give them; its stack is gone at the end."""
    made = {name: secrets.token_urlsafe(64) for name in STAGING.secrets}
    made["AIRFLOW_FERNET_KEY"] = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    yield made
    sh("make down ENV=staging VOLUMES=1", made)


def test_public_and_missing_secrets_are_refused(given: dict[str, str]) -> None:
    public = {**given, "TRAINING_S3_SECRET": "dev-training-s3", "MLFLOW_S3_SECRET": ""}
    with pytest.raises(AssertionError) as refused:
        sh("make up ENV=staging", public)
    assert "TRAINING_S3_SECRET begins with dev-" in str(refused.value)
    assert "MLFLOW_S3_SECRET is missing" in str(refused.value)


def test_it_runs_beside_dev(given: dict[str, str]) -> None:
    sh("make up ENV=staging", given)
    theirs = httpx.post(f"{STAGING.url('NGINX_PORT')}/predict-champion/", json=REQUEST)
    assert theirs.status_code == 503
    assert "no version has that alias" in theirs.json()["error"]
    assert httpx.get(f"{STAGING.url('AIRFLOW_PORT')}/api/v2/version").is_success
    ours = httpx.post(f"{platform.BASE_URL}/predict-champion/", json=REQUEST)
    assert ours.status_code == 200
