"""A service that is misused: where it listens, and what it says to a bare socket."""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from p300.serving.server import bind, make_server
from p300.settings import ServingSettings
from tests.shelf import Shelf

PATIENCE_S = 60.0
N_FEATURES = 6
EPOCH = {"features": [0.1] * N_FEATURES}
BODY = json.dumps(EPOCH).encode()
PREDICT = "/predict-champion/"
HEAD = f"POST {PREDICT} HTTP/1.1\r\nhost: here\r\n".encode()


@dataclass(frozen=True)
class Address:
    """Where a service listens."""

    port: int

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE_S)

    def closed(self, reason: str) -> float:
        """How many connections were closed for this reason, as the metrics say."""
        lines = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=PATIENCE_S).text.splitlines()
        name = f'p300_connections_closed_total{{reason="{reason}"}} '
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


Start = Callable[[ServingSettings], Address]


def shelf_with_a_champion(folder: Path) -> Shelf:
    features = np.random.default_rng(0).standard_normal((40, N_FEATURES)).astype(np.float32)
    shelf = Shelf(folder / "shelf")
    shelf.register(
        LinearDiscriminantAnalysis().fit(features, np.repeat([1, 2], 20)), features[:2], channels=("Cz", "Pz")
    )
    return shelf


def listening(started: ExitStack, shelf: Shelf, settings: ServingSettings) -> Address:
    listener = bind("127.0.0.1", 0)
    listener.listen(2048)
    server = make_server(shelf, settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    started.callback(thread.join)
    started.callback(setattr, server, "should_exit", True)
    address = Address(listener.getsockname()[1])
    with address.client() as client:
        await_that(lambda: client.get("/health/ready").status_code == 200)
    return address


def await_that(happened: Callable[[], bool]) -> None:
    deadline_s = monotonic() + PATIENCE_S
    while not happened():
        assert monotonic() < deadline_s
        sleep(0.02)


def sends(connection: socket.socket, data: bytes) -> bool:
    try:
        connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def all_of(connection: socket.socket) -> bytes:
    """Everything that comes until the server closes."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def error_in(answer: bytes, status: int) -> str:
    """The sentence of an error that has the shape of every error."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert b"content-type: application/json" in head
    said = json.loads(body)
    assert f"x-request-id: {said['request_id']}".encode() in head
    return str(said["error"])


def require_normal_service(address: Address) -> None:
    with address.client() as client:
        assert client.post(PREDICT, json=EPOCH).status_code == 200
