"""Run MLflow's tracking server until told to stop.

Backend and allowed hosts come from MLFLOW_BACKEND_STORE_URI and MLFLOW_SERVER_ALLOWED_HOSTS. A database of an older
MLflow is not migrated here but refused: back it up, then `mlflow db upgrade`.
"""

import os

from p300.cli.entry import run_script
from p300.settings import DeploymentSettings, read_settings
from p300.stack.public_secrets import require_private
from p300.store.layout import ARTIFACTS

SECRETS = ("POSTGRES_MLFLOW_PASSWORD", "AWS_SECRET_ACCESS_KEY")
ADDRESS = ("--host", "0.0.0.0", "--port", "5000")  # noqa: S104  (of the container)
# Its job runner (evaluations of language models) would start eight more processes of 240 MB.
VARIABLES = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}


def main() -> None:
    """Refuse secrets that everybody knows, and become MLflow's server, which hands out the artifacts of its bucket."""
    require_private(SECRETS, read_settings(DeploymentSettings).env)
    command = ["mlflow", "server", *ADDRESS, "--workers", "1", "--artifacts-destination", f"s3://{ARTIFACTS}"]
    os.execvpe(command[0], command, {**os.environ, **VARIABLES})  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    run_script(main)
