"""What is provisioned is read from the environment, and refused by name where it is missing or public."""

import socket

import pytest

from p300.errors import InvalidInput, Unavailable
from p300.jobs.platform.provision import Plan, StoreServer, provision, read_plan
from p300.store.keys import minio, versitygw
from p300.store.keys.access import SERVICES
from p300.store.login import S3Login

VARIABLES = {
    "AWS_ENDPOINT_URL": "http://minio-server:9000",
    "MINIO_ROOT_USER": "p300-root",
    "MINIO_ROOT_PASSWORD": "dev-minio-root",
    **{service.secret_variable: f"dev-{service.key_id}" for service in SERVICES},
}


@pytest.fixture
def nowhere() -> Plan:
    """A server that is not there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        login = S3Login(f"http://127.0.0.1:{free.getsockname()[1]}", "p300-root", "secret")
        return Plan(StoreServer.MINIO, login, {service.key_id: "secret" for service in SERVICES})


def test_plan_is_read_from_the_environment() -> None:
    plan = read_plan(VARIABLES, "dev")
    assert plan.server == "minio"
    assert plan.root == S3Login("http://minio-server:9000", "p300-root", "dev-minio-root")
    assert plan.secrets["p300-mlflow"] == "dev-p300-mlflow"
    assert "dev-" not in repr(plan)
    assert read_plan({**VARIABLES, "P300_STORE_SERVER": "versitygw"}, "dev").server == "versitygw"


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(InvalidInput, match="missing in the environment: MINIO_ROOT_PASSWORD, MLFLOW_S3_SECRET"):
        read_plan({**VARIABLES, "MLFLOW_S3_SECRET": "", "MINIO_ROOT_PASSWORD": ""}, "dev")


def test_public_secret_is_refused_outside_dev() -> None:
    private = {name: value.replace("dev-", "own-") for name, value in VARIABLES.items()}
    assert read_plan(private, "prod").secrets["p300-training"] == "own-p300-training"
    with pytest.raises(InvalidInput, match="^TRAINING_S3_SECRET begins with dev-.* give prod secrets of its own"):
        read_plan({**private, "TRAINING_S3_SECRET": "dev-training-s3"}, "prod")


def test_unknown_server_is_refused() -> None:
    with pytest.raises(InvalidInput, match="P300_STORE_SERVER is 'ceph', expected one of minio, versitygw"):
        read_plan({**VARIABLES, "P300_STORE_SERVER": "ceph"}, "dev")


def test_missing_server_is_told_after_some_patience(nowhere: Plan) -> None:
    with pytest.raises(Unavailable, match=f"the S3 server at {nowhere.root.endpoint_url} did not give"):
        provision(nowhere, patience_s=0.0)


@pytest.mark.parametrize("keys", [minio, versitygw])
def test_server_that_goes_away_while_keys_are_made_is_told(nowhere: Plan, keys: type[minio]) -> None:
    with pytest.raises(Unavailable, match=f"{nowhere.root.endpoint_url} does not answer"):
        keys.set_keys(nowhere.root, nowhere.secrets)
