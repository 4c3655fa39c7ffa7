"""Bodies and request ids."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from p300.errors import PayloadTooLarge
from p300.serving.http.asgi import Disconnected, Message, read_body, request_id

LIMIT = 10


def _receive(*messages: Message) -> Callable[[], Awaitable[Message]]:
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    return receive


def _part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_parts_are_joined() -> None:
    receive = _receive(_part(b"ab", more=True), _part(b"", more=True), _part(b"cd", more=False))
    assert asyncio.run(read_body(receive, {}, LIMIT)) == b"abcd"


def test_a_body_that_announces_too_much_is_refused_unread() -> None:
    with pytest.raises(PayloadTooLarge, match="11 bytes, the limit is 10"):
        asyncio.run(read_body(_receive(), {b"content-length": b"11"}, LIMIT))


def test_a_body_that_announces_nothing_is_refused_at_the_first_byte_too_many() -> None:
    receive = _receive(_part(b"12345678", more=True), _part(b"90a", more=True))
    with pytest.raises(PayloadTooLarge, match="more than 10 bytes"):
        asyncio.run(read_body(receive, {}, LIMIT))


def test_a_client_that_leaves_is_not_answered() -> None:
    with pytest.raises(Disconnected):
        asyncio.run(read_body(_receive(_part(b"ab", more=True), {"type": "http.disconnect"}), {}, LIMIT))


@pytest.mark.parametrize("given", [b"", b"a b", b"x" * 129, b'"><script>', "ü".encode(), b"a\r\nb"])
def test_only_plain_request_ids_are_echoed(given: bytes) -> None:
    assert request_id({b"x-request-id": b"trace-1.2:3_4"}) == "trace-1.2:3_4"
    made = request_id({b"x-request-id": given})
    assert made.encode() != given
    assert made != request_id({})
