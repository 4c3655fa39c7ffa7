"""nginx as it is configured, by itself: what it refuses, and how it says so. Behind it nobody answers."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from tests.containers import container, docker, need_docker

ROOT = Path(__file__).parents[2]
IMAGE = "p300/nginx-load-balancer:test"
LIMITS = ("--env=NGINX_BODY_LIMIT=100k", "--env=NGINX_RATE_LIMIT=50r/s")
BURST = 1000
LOG_FLUSH_S = 2.0  # nginx writes its log every second


@pytest.fixture(scope="module")
def nginx() -> Iterator[tuple[str, httpx.Client]]:
    need_docker()
    docker("build", "--quiet", "--tag", IMAGE, str(ROOT / "nginx"))
    with (
        container(IMAGE, 8080, "--tmpfs=/etc/nginx/conf.d:uid=10001", *LIMITS) as (name, address),
        httpx.Client(base_url=f"http://{address}", timeout=30) as client,
    ):
        for attempt in Retrying(
            retry=retry_if_exception_type(httpx.TransportError), stop=stop_after_delay(30), wait=wait_fixed(0.1)
        ):
            with attempt:
                assert client.get("/nginx_health").json() == {"status": "live"}
        yield name, client


def test_configuration_is_sound(nginx: tuple[str, httpx.Client]) -> None:
    docker("exec", nginx[0], "nginx", "-t")


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "sentence"),
    [
        ("GET", "/", b"", 404, "there is nothing at this address: there are /predict-champion/"),
        ("GET", '/a"b', b"", 404, "there is nothing at this address"),
        ("POST", "/predict-champion/", bytes(200_000), 413, "larger than 100k, which is the limit"),
        ("POST", "/predict-champion/", b"{}", 503, "no replica answers"),
        ("POST", "/predict-challenger", b"{}", 503, "no replica answers"),
        ("POST", "/v2/models/challenger/infer", b"{}", 503, "no replica answers"),
        ("GET", "/health-champion", b"", 503, "no replica answers"),
    ],
)
def test_refusals_have_the_shape_of_servings(
    nginx: tuple[str, httpx.Client], method: str, path: str, content: bytes, status: int, sentence: str
) -> None:
    response = nginx[1].request(method, path, content=content, headers={"x-request-id": "q-1"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert sentence in response.json()["error"]
    assert response.json()["request_id"] == response.headers["x-request-id"] == "q-1"
    assert ("retry-after" in response.headers) == (status == 503)


def test_an_id_that_is_not_plain_is_replaced(nginx: tuple[str, httpx.Client]) -> None:
    response = nginx[1].get("/", headers={"x-request-id": 'a", "error": "'})
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert '"' not in response.headers["x-request-id"]


def test_each_request_is_one_line_of_json(nginx: tuple[str, httpx.Client]) -> None:
    name, client = nginx
    client.post('/predict-champion/?"', content=b"{}", headers={"x-request-id": "logged-1"})
    time.sleep(LOG_FLUSH_S)
    lines = [line for line in docker("logs", name).splitlines() if '"logged-1"' in line]
    entry = json.loads(lines[0])
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/predict-champion/", 503)
    assert {"time", "client", "request_s", "upstream", "upstream_status", "upstream_connect_s", "upstream_s"} < set(
        entry
    )


def test_too_many_requests_are_refused(nginx: tuple[str, httpx.Client]) -> None:
    """Last, because it uses up what this address may ask."""
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: nginx[1].post("/predict-champion/"), range(BURST + 500)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert "more requests than 50r/s came from this address" in refused[0].json()["error"]
    assert refused[0].headers["retry-after"] == "1"
    assert {answer.status_code for answer in answers} == {503, 429}
