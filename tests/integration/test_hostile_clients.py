"""What clients may do to the service without hurting one another: slow ones, endless ones, many of them."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from time import monotonic, sleep

import pytest

from p300.domain import CHAMPION
from p300.settings import ServingSettings
from tests.integration.misused import (
    BODY,
    EPOCH,
    HEAD,
    PATIENCE_S,
    PREDICT,
    Address,
    Start,
    all_of,
    await_that,
    error_in,
    listening,
    require_normal_service,
    sends,
    shelf_with_a_champion,
)

N_IDLE, N_SLOW = 1000, 200

SMALL = ServingSettings(
    served_aliases=(CHAMPION,),
    max_body_bytes=100_000,
    max_header_bytes=4096,
    max_pending_bytes=250_000,
    max_connections=40,
    header_wait_s=0.5,
    body_wait_s=0.5,
    idle_wait_s=3.0,
    send_wait_s=0.5,
)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    folder = tmp_path_factory.mktemp("hostile")
    shelf = shelf_with_a_champion(folder)
    with ExitStack() as started:
        yield lambda settings: listening(started, shelf, settings.model_copy(update={"cache_dir": folder / "cache"}))


@pytest.fixture(scope="module")
def small(start: Start) -> Address:
    """A service with limits that a test can reach."""
    return start(SMALL)


def test_headers_without_end_are_refused(small: Address) -> None:
    with small.connect() as one_header, small.connect() as many:
        one_header.sendall(HEAD + b"x: " + b"a" * 3000)
        sleep(0.05)
        one_header.sendall(b"a" * 10_000)
        assert "the headers have more than 4096 bytes" in error_in(all_of(one_header), 431)
        many.sendall(HEAD + b"".join(b"x-%d: %s\r\n" % (number, b"a" * 100) for number in range(60)) + b"\r\n")
        assert "the headers have more than 4096 bytes" in error_in(all_of(many), 431)
    require_normal_service(small)


@pytest.mark.parametrize(
    ("begun", "sentence", "reason"),
    [
        (HEAD + b"x: ", "the headers did not come within 0.5 s", "slow headers"),
        (HEAD + b"content-length: 90\r\n\r\n{", "the body comes too slowly: 1 bytes so far", "slow body"),
        (HEAD + b"content-length: 90\r\n\r\n", "the body comes too slowly: 0 bytes so far", "slow body"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n", "the body comes too slowly: 1 bytes", "slow body"),
    ],
)
def test_a_request_that_does_not_come_to_its_end_is_refused(
    small: Address, begun: bytes, sentence: str, reason: str
) -> None:
    before = small.closed(reason)
    with small.connect() as slow:
        slow.sendall(begun)
        assert sentence in error_in(all_of(slow), 408)
    assert small.closed(reason) == before + 1


def test_dribbling_a_byte_at_a_time_gains_nothing(small: Address) -> None:
    with small.connect() as slow:
        slow.sendall(HEAD)
        answer = b""
        slow.setblocking(False)
        deadline_s = monotonic() + PATIENCE_S
        while not answer and monotonic() < deadline_s:
            try:
                slow.send(b"a")
                sleep(0.05)
                answer = slow.recv(65536)
            except BlockingIOError:
                continue
    assert "the headers did not come" in error_in(answer, 408)


def test_a_connection_without_a_request_is_closed_in_silence(small: Address) -> None:
    with small.connect() as never, small.connect() as after_one:
        after_one.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(BODY) + BODY)
        assert all_of(never) == b""
        assert all_of(after_one).startswith(b"HTTP/1.1 200 OK")


def test_a_body_without_end_is_refused_and_not_kept(small: Address) -> None:
    with small.connect() as endless:
        endless.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        await_that(lambda: not sends(endless, b"10000\r\n" + bytes(0x10000) + b"\r\n"))
    with small.connect() as announced:
        announced.sendall(HEAD + b"content-length: 100000000\r\n\r\n" + bytes(50_000))
        answer = announced.recv(65536)
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"the body has 100000000 bytes, the limit is 100000" in answer
    require_normal_service(small)


@pytest.mark.parametrize(
    "frame", [b"1;" + b"a" * 5000 + b"\r\nx\r\n", b"1\r\n{\r\n0\r\n" + b"x: " + b"a" * 9000 + b"\r\n\r\n"]
)
def test_chunk_extensions_and_trailers_are_limited_as_headers_are(small: Address, frame: bytes) -> None:
    with small.connect() as connection:
        connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        for start in range(0, len(frame), 1000):
            sleep(0.02)
            try:
                connection.sendall(frame[start : start + 1000])
            except OSError:
                break
        answer = all_of(connection)
    assert "the headers have more than 4096 bytes" in error_in(answer, 431)


def test_bodies_that_wait_for_their_end_share_a_limit(small: Address) -> None:
    """The one that has been coming longest is refused, not the one that comes last."""
    with small.connect() as first, small.connect() as second, small.connect() as third:
        for connection in (first, second, third):
            connection.sendall(HEAD + b"content-length: 99000\r\n\r\n" + bytes(90_000))
            sleep(0.05)
        assert "too much is being sent at once" in error_in(all_of(first), 503)
        third.sendall(bytes(9_000))
        assert third.recv(65536).startswith(b"HTTP/1.1 400")  # whole, though it is no JSON
    require_normal_service(small)


def test_those_that_wait_longest_make_room_for_new_ones(small: Address) -> None:
    before = small.closed("evicted")
    with ExitStack() as held:
        idle = [held.enter_context(small.connect()) for _ in range(SMALL.max_connections)]
        require_normal_service(small)
        assert all_of(idle[0]) == b""
        assert small.closed("evicted") > before


def test_a_client_that_does_not_read_is_left(small: Address) -> None:
    before = small.closed("unread answer")
    asked = b"GET /static-offline-docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: here\r\n\r\n"
    with closing(socket.socket()) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", small.port))
        deaf.sendall(asked * 8)
        await_that(lambda: small.closed("unread answer") > before)
    require_normal_service(small)


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", b"{}\r\n\r\n"]
)
def test_what_is_no_http_gets_an_error_of_the_usual_shape(small: Address, garbage: bytes) -> None:
    with small.connect() as connection:
        connection.sendall(garbage)
        assert "what came is no HTTP request that can be read" in error_in(all_of(connection), 400)


def test_requests_sent_in_advance_are_answered_in_order_and_not_without_end(small: Address) -> None:
    def request(number: int) -> bytes:
        return HEAD + b"x-request-id: q-%d\r\ncontent-length: %d\r\n\r\n" % (number, len(BODY)) + BODY

    with small.connect() as patient:
        patient.sendall(b"".join(map(request, range(10))))
        answers = b""
        while answers.count(b'"request_id":"q-') < 10:
            answers += patient.recv(65536)
        places = [answers.index(b'"request_id":"q-%d"' % number) for number in range(10)]
        assert places == sorted(places)
    with small.connect() as flood:
        flood.sendall(b"".join(map(request, range(500))))
        assert all_of(flood).count(b"200 OK") <= 1
    require_normal_service(small)


def test_a_body_in_single_bytes_and_one_that_waits_for_leave_are_taken(small: Address) -> None:
    with small.connect() as chunked:
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in BODY)
        chunked.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        assert chunked.recv(65536).startswith(b"HTTP/1.1 200 OK")
    with small.connect() as polite:
        polite.sendall(HEAD + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(BODY))
        assert polite.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        polite.sendall(BODY)
        assert polite.recv(65536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (PREDICT, b"[" * 90_000, 400),
        (PREDICT, b'{"features": ' + b"[" * 40_000 + b"]" * 40_000 + b"}", 400),
        (PREDICT, b'{"a":' * 900 + b"1" + b"}" * 900, 422),
        ("/v2/models/champion/infer", b'{"inputs": [{"name": "features", "datatype": "FP32", "shape": %s}]}', 422),
    ],
)
def test_deep_json_is_refused_in_words(small: Address, path: str, body: bytes, status: int) -> None:
    if b"%s" in body:
        body = body.replace(b"%s", b"[" * 1000 + b"]" * 1000)
    with small.client() as client:
        answer = client.post(path, content=body)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_thousand_idle_and_two_hundred_slow_connections_hurt_nobody(start: Start) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * (N_IDLE + N_SLOW) + 300  # both ends are in this process
    if hard < needed:
        pytest.skip(f"this machine lets a process open {hard} files, {needed} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    address = start(ServingSettings(served_aliases=(CHAMPION,)))
    with ExitStack() as held:
        for _ in range(N_IDLE):
            held.enter_context(address.connect())
        slow = [held.enter_context(address.connect()) for _ in range(N_SLOW)]
        for connection in slow:
            connection.sendall(HEAD + b"content-length: 1000000\r\n\r\n" + bytes(1000))
        with address.client() as client:
            for _ in range(50):
                assert client.post(PREDICT, json=EPOCH).status_code == 200
                slow.pop().send(b"a")
