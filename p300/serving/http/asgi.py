"""Requests and responses in ASGI's messages."""

import itertools
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from p300.errors import PayloadTooLarge
from p300.serving.protocols.protocol import Headers, Response
from p300.wire import REQUEST_ID_HEADER

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

RESPOND = "p300.respond"  # our server's extension of ASGI: takes status, response and request id
REQUEST_ID = REQUEST_ID_HEADER.encode()

_PLAIN_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_PROCESS = secrets.token_hex(6)
_numbers = itertools.count(1)


class Disconnected(Exception):
    """The client left before its request was whole: there is nobody to answer."""


def request_id(headers: Headers) -> str:
    """The client's own id where it is short and plain, else a new one."""
    given = headers.get(REQUEST_ID)
    if given is not None and _PLAIN_ID.fullmatch(given):
        return given.decode()
    return f"{_PROCESS}-{next(_numbers):x}"


async def read_body(receive: Receive, headers: Headers, max_bytes: int) -> bytes:
    """Read the whole body, or refuse it as soon as it is known to be too long.

    Raises
    ------
    PayloadTooLarge
        Before anything is read if Content-Length says so, else at the first part over the limit.
    Disconnected
        The client left.
    """
    announced = headers.get(b"content-length")
    if announced is not None and int(announced) > max_bytes:
        raise PayloadTooLarge(f"the body has {int(announced)} bytes, the limit is {max_bytes}")
    parts: list[bytes] = []
    n_bytes = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        n_bytes += len(part)
        if n_bytes > max_bytes:
            raise PayloadTooLarge(f"the body has more than {max_bytes} bytes, which is the limit")
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def send_response(scope: Scope, send: Send, status: int, response: Response, request_id: str) -> None:
    """Send a whole response: in one piece where the server can do so, else as ASGI's two messages."""
    extension = scope.get("extensions", {}).get(RESPOND)
    if extension is not None and extension["whole"](status, response, request_id):
        return
    headers = [
        *response.headers,
        (b"content-length", str(len(response.body)).encode()),
        (REQUEST_ID, request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def message(status: int, response: Response, request_id: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A whole HTTP message, with headers of the server's own."""
    parts = [_beginning(status, response.headers)]
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    parts += (
        b"content-length: %d\r\nx-request-id: " % len(response.body),
        request_id.encode(),
        b"\r\n\r\n",
        response.body,
    )
    return b"".join(parts)


@lru_cache(maxsize=256)
def _beginning(status: int, headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    phrase = HTTPStatus(status).phrase.encode()
    return b"HTTP/1.1 %d %s\r\n" % (status, phrase) + b"".join(b"%s: %s\r\n" % header for header in headers)
