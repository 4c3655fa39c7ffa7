"""Make the platform's buckets and the services' keys; running it again changes nothing."""

import os

from p300.cli.entry import run_script
from p300.jobs.platform.provision import provision, read_plan
from p300.settings import DeploymentSettings, read_settings


def main() -> None:
    """Make every bucket, keep versions of the raw data, and give each service a key with the rights it needs.

    Reads AWS_ENDPOINT_URL, MINIO_ROOT_USER, MINIO_ROOT_PASSWORD and the secret of each service (AIRFLOW_S3_SECRET,
    PREPROCESSING_S3_SECRET, ...). P300_STORE_SERVER says which server this is: minio (default) or versitygw.
    """
    provision(read_plan(os.environ, read_settings(DeploymentSettings).env))


if __name__ == "__main__":
    run_script(main)
