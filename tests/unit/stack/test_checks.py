"""What reading an environment finds out: everything that is wrong, each in its own sentence."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from p300.stack.checks import check_ports, check_secrets, check_settings
from p300.stack.environment import Environment, load_environment

ROOT = Path(__file__).parents[3]

Staging = Callable[..., Environment]


def test_good_environment_has_no_findings(staging: Staging) -> None:
    assert [*check_secrets(staging()), *check_ports(staging())] == []


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        ("", "POSTGRES_PASSWORD is missing: put it in env/staging.secrets.env or the environment"),
        ("dev-postgres-of-everyone", "POSTGRES_PASSWORD begins with dev-"),
        ("short", "POSTGRES_PASSWORD has 5 characters, expected at least 16"),
        ("a-private-secret-of-mlflow", "MLFLOW_S3_SECRET and POSTGRES_PASSWORD are the same"),
        ("a-private-one-of-$postgres", "POSTGRES_PASSWORD holds what addresses and env files read otherwise"),
    ],
)
def test_bad_secret_is_one_finding(staging: Staging, secret: str, sentence: str) -> None:
    (found,) = check_secrets(staging(POSTGRES_PASSWORD=secret))
    assert found.startswith(sentence)


def test_no_finding_shows_a_secret(staging: Staging) -> None:
    for secret in ("dev-secret-of-everyone", "short", "a-private-one-of-$postgres"):
        assert secret not in "".join(check_secrets(staging(POSTGRES_PASSWORD=secret)))


def test_committed_secret_and_what_is_no_secret_are_found(checkout: Path) -> None:
    with (checkout / "env/prod.env").open("a") as file:
        file.write("AIRFLOW_FERNET_KEY=written-down-by-mistake\n")
    (checkout / "env/prod.secrets.env").write_text(
        "MLFLOW_S3_SECRET=a-private-secret-of-mlflow\nPOSTGRES_PASSWORD=a-private-one-of-postgres\nNGINX_PORT=1\n"
    )
    assert [found.split(",")[0] for found in check_secrets(load_environment("prod", checkout, {}))] == [
        "AIRFLOW_FERNET_KEY is no Fernet key: expected 32 bytes in URL-safe base64",
        "AIRFLOW_FERNET_KEY stands in env/prod.env",
        "NGINX_PORT in env/prod.secrets.env is no secret",
    ]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"NGINX_PORT": "http"}, "NGINX_PORT is 'http': expected a number from 1 to 65535"),
        ({"NGINX_PORT": "65536"}, "NGINX_PORT is '65536': expected a number from 1 to 65535"),
        ({"NGINX_PORT": "8190"}, "NGINX_PORT and MINIO_PORT are all 8190"),
        ({"NGINX_PORT": "8090"}, "NGINX_PORT is 8090, which is MINIO_PORT in env/dev.env"),
        ({"P300_PROJECT": "p300-prod"}, "P300_PROJECT is p300-prod, as in env/prod.env"),
        ({"BIND_ADDRESS": "localhost"}, "BIND_ADDRESS is 'localhost': expected an address such as 127.0.0.1"),
    ],
)
def test_bad_port_or_name_is_one_finding(staging: Staging, variables: dict[str, str], sentence: str) -> None:
    assert list(check_ports(staging(**variables))) == [sentence]


def test_settings_are_judged_by_the_services_own_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P300_PORT", "no number, but another process's")
    (tmp_path / "p300").mkdir()
    (tmp_path / "p300/commit.py").write_text('VARIABLE = "P300_CODE_COMMIT"\n')
    shutil.copytree(ROOT / "p300/settings", tmp_path / "p300/settings")
    services = {
        "good": {"P300_ENV": "prod", "P300_SERVED_ALIASES": "champion", "P300_CODE_COMMIT": "abc", "HOME": "/tmp"},
        "wrong": {"P300_ALIAS_POLL_S": "0", "P300_ENV": "test", "MLFLOW_TRACKING_URI": "http://mlflow-server:5000"},
        "misspelt": {"P300_SERVED_ALIAS": "champion"},
    }
    assert list(check_settings(services, tmp_path)) == [
        "wrong: P300_ENV is 'test': Input should be 'dev', 'staging' or 'prod'",
        "wrong: P300_ALIAS_POLL_S is '0': Input should be greater than 0",
        "misspelt: P300_SERVED_ALIAS is read nowhere",
    ]
