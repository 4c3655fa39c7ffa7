"""The outermost ASGI application: prediction routes by one look into a dict, everything else to FastAPI.

FastAPI's routing and middleware cost 40 % of the requests per second of a route that only multiplies.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from p300.errors import P300Error
from p300.serving.exchange import (
    REQUEST_ID,
    AsgiApp,
    Disconnected,
    Headers,
    Message,
    Question,
    Receive,
    Reply,
    Scope,
    Send,
    read_body,
    request_id,
    send_reply,
)
from p300.serving.metrics import Meter
from p300.serving.predictor import Predictor
from p300.serving.refusals import Defect, MethodNotAllowed, refusal

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Route:
    """A prediction route: who answers is decided anew for each request."""

    choose: Callable[[], Predictor]
    answer: Callable[[Predictor, Question], Awaitable[Reply]]
    meter: Meter


class Front:
    """Answers the prediction routes, gives every request an id, and lets no error out unworded.

    Parameters
    ----------
    app : ASGI application
        Answers all other paths.
    routes : mapping of str to Route
        By path. They take POST only.
    meter : Meter
        Counts what `app` answers.
    """

    def __init__(self, app: AsgiApp, routes: Mapping[str, Route], meter: Meter, *, max_body_bytes: int) -> None:
        self._app = app
        self._routes = routes
        self._meter = meter
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        headers: Headers = dict(scope["headers"])
        identifier = request_id(headers)
        route = self._routes.get(scope["path"])
        if route is None:
            status, n_epochs, meter = await self._pass_on(scope, receive, send, identifier), 0, self._meter
        else:
            try:
                reply = await self._answer(route, scope, headers, receive, identifier)
            except Disconnected:
                return
            await send_reply(send, reply, identifier)
            status, n_epochs, meter = reply.status, reply.n_epochs, route.meter
        meter.count(status, n_epochs, time.perf_counter() - started_s)

    async def _answer(self, route: Route, scope: Scope, headers: Headers, receive: Receive, identifier: str) -> Reply:
        try:
            if scope["method"] != "POST":
                raise MethodNotAllowed(scope["method"], scope["path"], "POST")
            body = await read_body(receive, headers, self._max_body_bytes)
            return await route.answer(route.choose(), Question(identifier, headers, body))
        except P300Error as error:
            return refusal(error, identifier)
        except Disconnected:
            raise
        except Exception:
            logger.exception("request %s to %s failed", identifier, scope["path"])
            return refusal(Defect(), identifier)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, identifier: str) -> int:
        """Let `app` answer; return the status."""
        scope.setdefault("state", {})["request_id"] = identifier
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID, identifier.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            logger.exception("request %s to %s failed", identifier, scope["path"])
            if not status:
                await send_reply(send, refusal(Defect(), identifier), identifier)
                status = Defect.http_status
        return status
