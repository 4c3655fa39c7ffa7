"""Every check of an environment, by the tools themselves: Compose, nginx, Airflow."""

import subprocess
import sys
from pathlib import Path

from tests.compose.shell import ROOT, sh

P300 = Path(sys.executable).with_name("p300")


def test_dev_is_sound() -> None:
    assert "nothing wrong" in sh("p300 validate --env dev")


def test_prod_without_secrets_is_not() -> None:
    done = subprocess.run(
        [P300, "validate", "--env", "prod", "--only", "secrets", "--only", "compose"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    for secret in ("MINIO_ROOT_PASSWORD", "POSTGRES_AIRFLOW_PASSWORD", "AIRFLOW_FERNET_KEY"):
        assert f"{secret} is missing: put it in env/prod.secrets.env" in done.stdout
