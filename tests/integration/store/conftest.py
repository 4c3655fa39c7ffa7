"""Real S3 servers, MinIO and VersityGW, in containers of the images that the platform runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay

from p300.errors import Unavailable
from p300.jobs.platform.provision import Plan, StoreServer, provision
from p300.store.keys.access import SERVICES
from p300.store.login import S3Login
from p300.store.s3 import S3Store
from tests.containers import build, container, need_docker

ROOT = Path(__file__).parents[3]
USER, PASSWORD = "p300-root", "root-of-the-tests"
START_S = 60.0

# By server: the folder of its Dockerfile and how it is told who root is.
IMAGES = {
    StoreServer.MINIO: ("minio", {"MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": PASSWORD}),
    StoreServer.VERSITYGW: ("versitygw", {"ROOT_ACCESS_KEY": USER, "ROOT_SECRET_KEY": PASSWORD}),
}

OpenAs = Callable[[str], S3Store]


@pytest.fixture(scope="session")
def minio_server() -> Iterator[Plan]:
    with _running(StoreServer.MINIO) as plan:
        yield plan


@pytest.fixture(scope="session")
def versitygw_server() -> Iterator[Plan]:
    with _running(StoreServer.VERSITYGW) as plan:
        yield plan


@pytest.fixture
def emptied(monkeypatch: pytest.MonkeyPatch) -> Callable[[Plan], Plan]:
    """``emptied(server)``: the server without a bucket, and root's login in the standard variables."""

    def empty(server: Plan) -> Plan:
        for bucket in resource(server.root).buckets.all():
            bucket.object_versions.delete()
            bucket.delete()
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.root.endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", USER)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PASSWORD)
        return server

    return empty


@pytest.fixture(params=["minio_server", "versitygw_server"])
def plan(request: pytest.FixtureRequest, emptied: Callable[[Plan], Plan]) -> Plan:
    """Either server, freshly provisioned."""
    server = emptied(request.getfixturevalue(request.param))
    provision(server)
    return server


@pytest.fixture
def s3(plan: Plan) -> Any:
    """boto3's own view of the server, with root's key."""
    return resource(plan.root)


@pytest.fixture
def root(plan: Plan) -> S3Store:
    return S3Store(plan.root)


@pytest.fixture
def open_as(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> OpenAs:
    """``open_as(key_id)``: the store with a service's key, which is then in the standard variables too."""

    def open_with_key(key_id: str) -> S3Store:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", plan.secrets[key_id])
        return S3Store()

    return open_with_key


@contextmanager
def _running(server: StoreServer) -> Iterator[Plan]:
    """What is to be provisioned on a server that runs, and nothing of it yet."""
    need_docker()
    folder, variables = IMAGES[server]
    image = f"p300/{folder}:test"
    build("--quiet", "--tag", image, str(ROOT / folder))
    with container(image, 9000, *(f"--env={variable}={value}" for variable, value in variables.items())) as (
        _,
        address,
    ):
        secrets = {service.key_id: f"secret-of-{service.key_id}" for service in SERVICES}
        plan = Plan(server, S3Login(f"http://{address}", USER, PASSWORD), secrets)
        answering = Retrying(retry=retry_if_exception_type(Unavailable), stop=stop_after_delay(START_S), reraise=True)
        answering(S3Store(plan.root).buckets)
        yield plan


def resource(login: S3Login) -> Any:
    session = boto3.Session(login.access_key, login.secret_key, region_name=login.region)
    return session.resource("s3", endpoint_url=login.endpoint_url)
