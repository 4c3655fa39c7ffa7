"""What is sent again and what is not, against a real server whose answers are written down beforehand."""

import asyncio
import socket
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from p300.errors import InvalidInput, NotFound, P300Error, PayloadTooLarge, Refused, Unavailable
from p300.simulator.transport import Response, open_session, post

LOSE_CONNECTION = 0
AT_ONCE = {"retry-after": "0"}


@dataclass
class Script:
    """A server that answers the given statuses in turn, the last one for ever."""

    statuses: list[int]
    headers: dict[str, str] = field(default_factory=lambda: AT_ONCE)
    text: str = '{"error": "the reason"}'
    bodies: list[bytes] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == LOSE_CONNECTION:
            assert request.transport
            request.transport.abort()
        return web.Response(status=status or 200, text=self.text, headers=self.headers)


def _ask(script: Script, *, patience_s: float = 5.0) -> Response:
    async def ask() -> Response:
        app = web.Application()
        app.router.add_post("/predict", script.answer)
        async with TestServer(app) as server, open_session(connections=1) as session:
            return await post(session, str(server.make_url("/predict")), {}, b"question", patience_s=patience_s)

    return asyncio.run(ask())


@pytest.mark.parametrize("passing", [429, 502, 503, 504, LOSE_CONNECTION])
def test_what_may_pass_is_sent_again(passing: int) -> None:
    script = Script([passing, passing, 200])
    assert _ask(script).body == script.text.encode()
    assert script.bodies == [b"question"] * 3


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidInput),
        (401, Refused),
        (404, NotFound),
        (413, PayloadTooLarge),
        (422, InvalidInput),
        (500, Unavailable),
    ],
)
def test_what_will_not_change_is_sent_once(status: int, error: type[P300Error]) -> None:
    script = Script([status])
    with pytest.raises(error, match=f"answered {status}: the reason"):
        _ask(script)
    assert len(script.bodies) == 1


@pytest.mark.parametrize(("text", "shown"), [("<h1>Bad gateway</h1>", "<h1>Bad gateway"), ("", "no explanation")])
def test_foreign_explanations_are_shown(text: str, shown: str) -> None:
    with pytest.raises(Unavailable, match=shown):
        _ask(Script([500], text=text))


def test_redirects_are_not_followed_but_named() -> None:
    with pytest.raises(Refused, match="redirects to https://elsewhere"):
        _ask(Script([301], {"location": "https://elsewhere"}))


def test_it_gives_up_in_time() -> None:
    script = Script([503], headers={})
    with pytest.raises(Unavailable, match=r"answered 503: the reason \(asked 2 times\)"):
        _ask(script, patience_s=0.5)


def test_it_does_not_wait_longer_than_its_patience() -> None:
    script = Script([503], {"retry-after": "3600"})
    with pytest.raises(Unavailable, match=r"asked 1 times"):
        _ask(script)


def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/predict"

        async def ask() -> Response:
            async with open_session(connections=1) as session:
                return await post(session, url, {}, b"", patience_s=0.5)

        with pytest.raises(Unavailable, match=f"{url} cannot be reached"):
            asyncio.run(ask())
