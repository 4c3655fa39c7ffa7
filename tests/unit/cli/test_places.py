"""Where a command finds the store: explicit settings first, else beside the MLflow that is asked."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from p300.cli.places import store_for_looking_around, store_for_reading_features
from p300.errors import InvalidInput
from p300.store.layout import FEATURES

SERVER = "http://localhost:5001"


class Bucket(BaseHTTPRequestHandler):
    """Lists one object, and notes who asked."""

    asked_by: list[str]

    def do_GET(self) -> None:
        self.asked_by.append(self.headers["Authorization"].split("Credential=")[1].split("/")[0])
        entry = b"<Contents><Key>subject_06/features.parquet</Key><Size>1</Size></Contents>"
        body = b"<ListBucketResult>" + entry + b"</ListBucketResult>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its parent's name)
        """Say nothing."""


@pytest.fixture
def asked_by(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Keys of those who asked what stands at the stack's store."""
    seen: list[str] = []
    with ThreadingHTTPServer(("localhost", 0), type("Noting", (Bucket,), {"asked_by": seen})) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("MINIO_PORT", str(server.server_port))
        yield seen
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("P300_ENV", "P300_STORE_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_with_a_server_features_come_from_the_development_stack(asked_by: list[str]) -> None:
    assert store_for_reading_features(SERVER).list(FEATURES) == ["subject_06/features.parquet"]
    assert asked_by == ["p300-simulator"]


def test_server_in_the_environment_counts_as_well(asked_by: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", SERVER)
    assert store_for_looking_around(None).list(FEATURES)
    assert asked_by == ["p300-root"]


def test_store_that_is_set_always_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("P300_STORE_URL", str(tmp_path / "mine"))
    assert store_for_reading_features(SERVER).url == str(tmp_path / "mine")


def test_without_a_server_it_is_the_embedded_store(tmp_path: Path) -> None:
    assert store_for_reading_features(None).url == str(tmp_path / ".p300/store")


def test_missing_secret_of_another_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P300_ENV", "staging")
    monkeypatch.delenv("SIMULATOR_S3_SECRET", raising=False)
    with pytest.raises(InvalidInput, match="SIMULATOR_S3_SECRET is missing: put it in env/staging"):
        store_for_reading_features(SERVER)
