"""nginx as it is configured, by itself: what it refuses, and how it says so. Behind it nobody answers."""

import json
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from tests.containers import build, container, docker, need_docker

ROOT = Path(__file__).parents[2]
IMAGE = "p300/nginx-load-balancer:test"
PLACES = ("--tmpfs=/etc/nginx/conf.d:uid=10001", "--volume=/var/cache/nginx")
LIMITS = ("--env=NGINX_BODY_LIMIT=100k", "--env=NGINX_RATE_LIMIT=50r/s")
BURST = 1000
PATIENCE_S = 10.0  # of nginx with a client
LOG_FLUSH_S = 2.0  # nginx writes its log every second


@pytest.fixture(scope="module")
def nginx() -> Iterator[tuple[str, httpx.Client]]:
    need_docker()
    build("--quiet", "--tag", IMAGE, str(ROOT / "nginx"))
    with (
        container(IMAGE, 8080, "--tmpfs=/etc/nginx/conf.d:uid=10001", "--volume=/var/cache/nginx", *LIMITS) as (
            name,
            address,
        ),
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


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 40_000 + b"\r\n\r\n", 400),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"POST /predict-champion/ HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST /predict-champion/ HTTP/9.1\r\nHost: x\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: by hand\r\n\r\n", 501),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    ],
)
def test_what_is_no_request_is_refused_in_the_same_shape(
    nginx: tuple[str, httpx.Client], request_: bytes, status: int
) -> None:
    with _connect(nginx[1]) as connection:
        connection.sendall(request_)
        head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
    assert head.split()[1] == str(status).encode()
    assert b"Content-Type: application/json" in head
    assert set(json.loads(body)) == {"error", "request_id"}


def test_a_body_that_promises_or_sends_too_much_is_refused(nginx: tuple[str, httpx.Client]) -> None:
    with _connect(nginx[1]) as connection:
        connection.sendall(b"POST /predict-champion/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
    with _connect(nginx[1]) as connection:
        connection.sendall(b"POST /predict-champion/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"8000\r\n" + bytes(0x8000) + b"\r\n" + b"10000\r\n" + bytes(0x10000) + b"\r\n")
        with suppress(ConnectionError):
            connection.sendall((b"10000\r\n" + bytes(0x10000) + b"\r\n") * 100)
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_idle_and_slow_clients_hurt_nobody_and_are_let_go(nginx: tuple[str, httpx.Client]) -> None:
    _, client = nginx
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    head = b"POST /predict-champion/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
    with ExitStack() as opened:
        idle = [opened.enter_context(_connect(client)) for _ in range(1000)]
        slow = [opened.enter_context(_connect(client)) for _ in range(200)]
        for number, connection in enumerate(slow):
            connection.sendall(head + (b"\r\nhalf a body" if number % 2 else b"X-Half: a hea"))
        assert client.get("/nginx_health").json() == {"status": "live"}
        time.sleep(PATIENCE_S + 3)
        assert {_is_let_go(connection) for connection in (*idle, *slow)} == {True}
    assert client.get("/nginx_health").json() == {"status": "live"}


def _connect(client: httpx.Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=30)


def _is_let_go(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except BlockingIOError:
        return False


def test_too_many_requests_are_refused(nginx: tuple[str, httpx.Client]) -> None:
    """Last, because it uses up what this address may ask."""
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: nginx[1].post("/predict-champion/"), range(BURST + 500)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert "more requests than 50r/s came from this address" in refused[0].json()["error"]
    assert refused[0].headers["retry-after"] == "1"
    assert {answer.status_code for answer in answers} == {503, 429}
