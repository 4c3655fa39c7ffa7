"""A question over HTTP and its reply: what the routes see of ASGI."""

import itertools
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

from p300.errors import PayloadTooLarge
from p300.wire import REQUEST_ID_HEADER

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Mapping[bytes, bytes]

REQUEST_ID = REQUEST_ID_HEADER.encode()
JSON_CONTENT = ((b"content-type", b"application/json"),)

_PLAIN_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_PROCESS = secrets.token_hex(6)
_numbers = itertools.count(1)


class Question(NamedTuple):
    """What came. Header names are in lower case."""

    request_id: str
    headers: Headers
    body: bytes


class Reply(NamedTuple):
    """What goes back. `n_epochs` were answered."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = JSON_CONTENT
    n_epochs: int = 0


class Disconnected(Exception):
    """The client left before its question was whole: there is nobody to answer."""


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


async def send_reply(send: Send, reply: Reply, request_id: str) -> None:
    headers = [
        *reply.headers,
        (b"content-length", str(len(reply.body)).encode()),
        (REQUEST_ID, request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
