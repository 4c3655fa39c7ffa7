"""What the S3 store says where no server can answer."""

import socket

import pytest

from p300.errors import InvalidInput, Unavailable
from p300.store.layout import RAW
from p300.store.objects import open_s3, open_store


def test_missing_server_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    store = open_s3(endpoint_url=address, access_key="p300-root", secret_key="secret")
    with pytest.raises(Unavailable, match=f"the S3 server at {address} did not give bucket {RAW}"):
        store.list(RAW)


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(InvalidInput, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        open_store("s3://").buckets()


def test_address_that_is_none_is_explained() -> None:
    with pytest.raises(InvalidInput, match="Invalid endpoint: minio-server.*expected an address such as http://"):
        open_s3(endpoint_url="minio-server", access_key="p300-root", secret_key="secret")
