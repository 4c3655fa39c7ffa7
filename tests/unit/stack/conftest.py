"""A checkout with environments of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from p300.stack.environment import Environment, load_environment

FILE = """\
P300_ENV={name}
P300_PROJECT=p300-{name}
P300_NETWORK=p300-{name}
P300_IMAGE_TAG={name}
BIND_ADDRESS=127.0.0.1
NGINX_PORT={port}80
MINIO_PORT={port}90
"""
SECRETS = ("MLFLOW_S3_SECRET", "POSTGRES_PASSWORD")
GOOD = {"MLFLOW_S3_SECRET": "a-private-secret-of-mlflow", "POSTGRES_PASSWORD": "a-private-one-of-postgres"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Three environments; those other than dev leave their two secrets to be given."""
    (tmp_path / "env").mkdir()
    for port, name in enumerate(("dev", "staging", "prod"), start=80):
        text = FILE.format(name=name, port=port)
        for secret in SECRETS:
            text += f"{secret}=dev-{secret}\n" if name == "dev" else f"{secret}=${{{secret}:?it is missing}}\n"
        (tmp_path / f"env/{name}.env").write_text(text)
    return tmp_path


@pytest.fixture
def staging(checkout: Path) -> Callable[..., Environment]:
    """``staging(NAME=value)``: staging with good secrets, but for what is given here."""

    def load(**variables: str) -> Environment:
        return load_environment("staging", checkout, {**GOOD, **variables})

    return load
