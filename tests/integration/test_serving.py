"""The service over real HTTP, with versions in a real registry."""

import json
import re
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx
import numpy as np
import pytest
import schemathesis
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from p300.domain import CHALLENGER, CHAMPION, Float32s
from p300.domain.recipe import Recipe
from p300.registry import ModelCard, Registry, TrainedModel
from p300.serving.server import bind, make_server
from p300.settings import ServingSettings
from p300.wire import JSON_LENGTH_HEADER, decode_infer_response, encode_infer_request, infer_path, prediction_path
from tests.integration.service import PATIENCE_S, service_process

N_FEATURES = 1120
MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_EXAMPLES = 15


def _epochs(n_epochs: int, *, seed: int = 0) -> Float32s:
    return (np.random.default_rng(seed).standard_normal((n_epochs, N_FEATURES)) * 1e-5).astype(np.float32)


def _fitted(seed: int) -> ClassifierMixin:
    features, labels = _epochs(60, seed=seed), np.repeat([1, 2], [40, 20])
    features[labels == 2] += 2e-6
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    return make_pipeline(StandardScaler(), lda).fit(features, labels)


@dataclass(frozen=True)
class World:
    registry: Registry
    folder: Path
    estimators: tuple[ClassifierMixin, ...]
    client: httpx.Client

    def await_version(self, version: int) -> None:
        deadline_s = monotonic() + PATIENCE_S
        while monotonic() < deadline_s:
            if self.client.get("/health/ready").json()["models"][CHAMPION]["version"] == version:
                return
            sleep(0.01)
        raise TimeoutError(f"version {version} does not serve: {self.client.get('/health/ready').text}")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two versions, the first is champion; there is no challenger."""
    folder = tmp_path_factory.mktemp("serving")
    registry = Registry(f"sqlite:///{folder}/mlflow.db")
    estimators = (_fitted(1), _fitted(2))
    card = ModelCard((), Recipe(), tuple(f"ch{number}" for number in range(16)))
    for estimator in estimators:
        with registry.start_run("training", kind="training") as run:
            registry.register(run, TrainedModel(estimator, card, _epochs(2)))
    registry.set_alias(CHAMPION, 1)
    settings = ServingSettings(cache_dir=folder / "cache", alias_poll_s=0.02, max_body_bytes=MAX_BODY_BYTES)
    listener = bind("127.0.0.1", 0)
    listener.listen()  # who comes before the loop runs waits for it
    server = make_server(registry, settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=PATIENCE_S) as client:
        world = World(registry, folder, estimators, client)
        world.await_version(1)
        yield world
    server.should_exit = True
    thread.join()


def test_json_answers_are_the_registered_models_own(world: World) -> None:
    epochs = _epochs(3, seed=9)
    own = world.estimators[0].predict_proba(epochs)[:, 1]
    one = world.client.post("/predict-champion/", json={"features": epochs[0].tolist()}).json()
    several = world.client.post(
        "/predict-champion", json={"epochs": epochs.tolist()}, headers={"x-request-id": "trace-7"}
    )
    assert one["predictions"][0]["probability_target"] == pytest.approx(own[0], abs=1e-6)
    assert [p["probability_target"] for p in several.json()["predictions"]] == pytest.approx(own, abs=1e-6)
    version = world.registry.version_under(CHAMPION)
    assert version is not None
    model = {"name": world.registry.model_name, "alias": CHAMPION, "version": 1, "run_id": version.run_id}
    assert several.json()["model"] == one["model"] == model
    assert several.headers["x-request-id"] == several.json()["request_id"] == "trace-7"
    assert one["request_id"]


def test_a_whole_subject_in_one_binary_request(world: World) -> None:
    epochs = _epochs(1188, seed=9)
    headers, body = encode_infer_request(epochs)
    response = world.client.post(infer_path(CHAMPION), headers=headers, content=body)
    assert response.status_code == 200, response.text
    header, probabilities = decode_infer_response(int(response.headers[JSON_LENGTH_HEADER]), response.content)
    np.testing.assert_allclose(probabilities, world.estimators[0].predict_proba(epochs)[:, 1], atol=1e-6)
    assert header["model_version"] == "1"


def test_open_inference_metadata(world: World) -> None:
    get = world.client.get
    assert get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert get("/v2/health/live").json() == {"live": True}
    assert get("/v2/health/ready").json() == {"ready": True}
    assert get("/v2/models/champion/ready").status_code == 200
    assert get("/v2/models/challenger/ready").status_code == 503
    model = get("/v2/models/champion").json()
    assert model["versions"] == ["1"]
    assert model["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, N_FEATURES]}]
    unknown = get("/v2/models/nobody")
    assert unknown.status_code == 404
    assert "no model is called 'nobody' here, expected one of champion, challenger" in unknown.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "sentence"),
    [
        ("POST", "/predict-champion/", b'{"features": [1, 2, 3]}', 422, "3 numbers, expected 1120 = 16 channels x 70"),
        ("POST", "/predict-champion/", b"features=1", 400, "the body is not JSON"),
        ("POST", "/predict-champion/", b"", 400, "the body is not JSON"),
        ("POST", "/predict-champion/", bytes(MAX_BODY_BYTES + 1), 413, "has 8388609 bytes, the limit is 8388608"),
        ("GET", "/predict-champion/", b"", 405, "/predict-champion/ does not take GET, expected POST"),
        ("DELETE", "/v2/models/champion/infer", b"", 405, "does not take DELETE, expected POST"),
        ("POST", "/health/ready", b"", 405, "/health/ready does not take POST, expected GET"),
        ("POST", "/predict-nobody/", b"{}", 404, "there is nothing at /predict-nobody/: /docs lists what there is"),
        ("GET", "/", b"", 404, "there is nothing at /:"),
        ("POST", "/predict-challenger/", b"{}", 503, "no model answers for challenger: no version has that alias"),
        ("POST", "/v2/models/challenger/infer", b"{}", 503, "no model answers for challenger"),
        ("GET", "/v2/models/challenger", b"", 503, "no model answers for challenger"),
        ("POST", "/v2/models/champion/infer", b"{}", 422, "inputs is null, expected a list of one tensor"),
    ],
)
def test_refusals(world: World, method: str, path: str, content: bytes, status: int, sentence: str) -> None:
    response = world.client.request(method, path, content=content, headers={"x-request-id": "q-1"})
    assert response.status_code == status
    assert sentence in response.json()["error"]
    assert response.json()["request_id"] == response.headers["x-request-id"] == "q-1"
    assert response.headers["content-type"] == "application/json"
    assert ("allow" in response.headers) == (status == 405)
    assert ("retry-after" in response.headers) == (status == 503)


def test_a_body_without_a_length_is_limited_too(world: World) -> None:
    parts = (bytes(1024 * 1024) for _ in range(9))
    response = world.client.post("/predict-champion/", content=parts)
    assert response.status_code == 413
    assert world.client.get("/health/live").status_code == 200


def test_no_request_fails_while_versions_are_swapped(world: World) -> None:
    epochs = _epochs(4, seed=5)
    own = {1 + index: estimator.predict_proba(epochs)[:, 1] for index, estimator in enumerate(world.estimators)}
    swapping = threading.Event()

    def ask(client: httpx.Client) -> set[int]:
        seen = set()
        while not swapping.is_set():
            response = client.post(prediction_path(CHAMPION), json={"epochs": epochs.tolist()})
            assert response.status_code == 200, response.text
            version = response.json()["model"]["version"]
            answers = [p["probability_target"] for p in response.json()["predictions"]]
            assert answers == pytest.approx(own[version], abs=1e-6)
            seen.add(version)
        return seen

    with ThreadPoolExecutor(4) as threads, httpx.Client(base_url=world.client.base_url, timeout=PATIENCE_S) as client:
        asking = [threads.submit(ask, client) for _ in range(4)]
        try:
            for version in (2, 1, 2, 1):
                world.registry.set_alias(CHAMPION, version)
                world.await_version(version)
        finally:
            swapping.set()
        assert set.union(*(future.result() for future in asking)) == {1, 2}


def test_metrics_tell_requests_epochs_and_versions(world: World) -> None:
    def value(line: str) -> float:
        found = re.search(rf"^{re.escape(line)} (\S+)$", world.client.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    epochs = 'p300_epochs_total{alias="champion",route="predict"}'
    refused = 'p300_requests_total{alias="champion",route="predict",status="422"}'
    before, refused_before = value(epochs), value(refused)
    world.client.post("/predict-champion/", json={"epochs": _epochs(5).tolist()})
    world.client.post("/predict-champion/", json={})
    assert value(epochs) == before + 5
    assert value(refused) == refused_before + 1
    assert re.search(
        r'p300_model_info\{alias="champion",run_id="\w+",version="1"\} 1\.0', world.client.get("/metrics").text
    )


@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
def test_answers_are_as_documented(world: World, mode: schemathesis.GenerationMode) -> None:
    """Schemathesis asks each documented operation what its schema allows, and what it does not."""
    api = schemathesis.openapi.from_url(f"{world.client.base_url}/openapi.json")
    operations = [found.ok() for found in api.exclude(path_regex=CHALLENGER).get_all_operations()]
    assert {prediction_path(CHAMPION), infer_path(CHAMPION)} < {operation.path for operation in operations}
    for operation in operations:
        if mode is schemathesis.GenerationMode.NEGATIVE and operation.method == "get":
            continue

        @hypothesis_settings(max_examples=MAX_EXAMPLES, deadline=None, database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            # How many numbers make an epoch is the model's matter, so most lists of numbers are rightly refused.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        check()


def test_it_starts_without_mlflow_and_drains_when_told_to_stop(world: World, tmp_path: Path) -> None:
    """MLflow accepts connections and never answers, which is worse than not being there."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mlflow = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with service_process(mlflow, world.folder / "cache", tmp_path / "log") as (process, port):
            _await_ready(port)
            body = json.dumps({"features": _epochs(1)[0].tolist()}).encode()
            head = f"POST /predict-champion/ HTTP/1.1\r\nhost: here\r\ncontent-length: {len(body)}\r\n\r\n"
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as under_way:
                under_way.sendall(head.encode() + body[:1000])
                _await_begun(port)
                process.send_signal(signal.SIGTERM)
                _await_closed(port)
                under_way.sendall(body[1000:])
                answer = under_way.makefile("rb").read()
            assert answer.startswith(b"HTTP/1.1 200 OK")
            assert b'"version":1' in answer
            assert process.wait(PATIENCE_S) == 0
    log = (tmp_path / "log").read_text()
    assert "champion: the registry has not answered, so the last good version serves" in log
    assert "Traceback" not in log


def _await_ready(port: int) -> None:
    deadline_s = monotonic() + PATIENCE_S
    while httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=PATIENCE_S).status_code != 200:
        assert monotonic() < deadline_s
        sleep(0.05)


def _await_begun(port: int) -> None:
    """What was sent before on another connection has been read once this is answered."""
    httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=PATIENCE_S)


def _await_closed(port: int) -> None:
    deadline_s = monotonic() + PATIENCE_S
    while monotonic() < deadline_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return
        sleep(0.02)
    raise TimeoutError("it still accepts connections")
