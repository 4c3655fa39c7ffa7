"""Where each value of an environment comes from, and which secrets are missing or public."""

from pathlib import Path

import pytest

from p300.errors import InvalidInput
from p300.stack.environment import load_environment


def test_dev_needs_nothing(checkout: Path) -> None:
    dev = load_environment("dev", checkout, {})
    assert dev.missing_secrets == dev.public_secrets == ()
    assert dev.value("MLFLOW_S3_SECRET") == "dev-MLFLOW_S3_SECRET"


def test_missing_secrets_are_known_and_asking_for_one_says_where_to_put_it(checkout: Path) -> None:
    staging = load_environment("staging", checkout, {"POSTGRES_PASSWORD": ""})
    assert staging.missing_secrets == ("MLFLOW_S3_SECRET", "POSTGRES_PASSWORD")
    with pytest.raises(InvalidInput, match=r"POSTGRES_PASSWORD is missing: put it in env/staging\.secrets\.env"):
        staging.value("POSTGRES_PASSWORD")


def test_process_goes_before_the_secrets_file_as_it_does_for_compose(checkout: Path) -> None:
    (checkout / "env/staging.secrets.env").write_text("MLFLOW_S3_SECRET=of the file\nPOSTGRES_PASSWORD=p$$w\n")
    staging = load_environment("staging", checkout, {"MLFLOW_S3_SECRET": "of the process", "NGINX_PORT": "1234"})
    assert staging.values["MLFLOW_S3_SECRET"] == "of the process"
    assert staging.values["POSTGRES_PASSWORD"] == "p$$w"
    assert staging.values["NGINX_PORT"] == "1234"


def test_secrets_of_dev_are_public_elsewhere(checkout: Path) -> None:
    assert load_environment("prod", checkout, {"POSTGRES_PASSWORD": "dev-x"}).public_secrets == ("POSTGRES_PASSWORD",)


def test_environment_is_the_one_that_was_asked_for(checkout: Path) -> None:
    assert load_environment("staging", checkout, {"P300_ENV": "prod"}).values["P300_ENV"] == "staging"


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1", "http://localhost:8190"),
        ("0.0.0.0", "http://localhost:8190"),
        ("10.0.0.7", "http://10.0.0.7:8190"),
    ],
)
def test_services_are_reached_where_they_are_published(checkout: Path, address: str, url: str) -> None:
    assert load_environment("staging", checkout, {"BIND_ADDRESS": address}).url("MINIO_PORT") == url


def test_unknown_environment_and_missing_checkout_are_said(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no environment 'test': expected one of dev, staging, prod"):
        load_environment("test", checkout)
    with pytest.raises(InvalidInput, match="in a checkout of p300 only"):
        load_environment("dev", tmp_path / "elsewhere")
