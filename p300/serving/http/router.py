"""The outermost ASGI application: prediction endpoints by one look into a dict, everything else to FastAPI.

FastAPI's routing and middleware cost 40 % of the requests per second of an endpoint that only multiplies.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from p300.errors import P300Error
from p300.serving.http.asgi import (
    REQUEST_ID,
    AsgiApp,
    Disconnected,
    Message,
    Receive,
    Scope,
    Send,
    read_body,
    request_id,
    send_response,
)
from p300.serving.http.errors import Defect, EncodingNotTaken, MethodNotAllowed, error_response, status_of
from p300.serving.metrics import Metrics
from p300.serving.protocols.protocol import Protocol, Request, Response
from p300.serving.service import Service

OK = 200
FAILED = "request %s to %s failed"

logger = logging.getLogger(__name__)

Choose = Callable[[Request], str]


@dataclass(frozen=True)
class Endpoint:
    """An address that takes POST.

    Attributes
    ----------
    choose : callable
        Gives the alias that is to answer a request, from its path, headers and id.
    """

    protocol: Protocol[Any]
    choose: Choose


class Router:
    """Answers the prediction endpoints, gives every request an id, and lets no error out unworded.

    Parameters
    ----------
    app : ASGI application
        Answers all other paths.
    endpoints : mapping of str to Endpoint
        By path.
    """

    def __init__(
        self,
        app: AsgiApp,
        service: Service,
        endpoints: Mapping[str, Endpoint],
        metrics: Metrics,
        *,
        max_body_bytes: int,
    ) -> None:
        self._app = app
        self._service = service
        self._endpoints = endpoints
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        headers = dict(scope["headers"])
        request = Request(scope["path"], headers, request_id(headers))
        endpoint = self._endpoints.get(request.path)
        if endpoint is None:
            status = await self._pass_on(scope, receive, send, request)
            self._metrics.meter("", "other").count(status, 0, time.perf_counter() - started_s)
            return
        alias, status, n_epochs = "", OK, 0
        try:
            alias = endpoint.choose(request)
            _require_post(scope, request)
            request.body = await read_body(receive, headers, self._max_body_bytes)
            response, n_epochs = await endpoint.protocol.respond(self._service, alias, request)
        except P300Error as error:
            status, response = _worded(error, request)
        except Disconnected:
            return
        except Exception:
            logger.exception(FAILED, request.request_id, request.path)
            status, response = _worded(Defect(), request)
        await send_response(scope, send, status, response, request.request_id)
        self._metrics.meter(alias, endpoint.protocol.name).count(status, n_epochs, time.perf_counter() - started_s)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, request: Request) -> int:
        """Let `app` answer; return the status. HEAD is GET to it: the server leaves the body out."""
        scope.setdefault("state", {})["request_id"] = request.request_id
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID, request.request_id.encode())]
            await send(message)

        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        try:
            await self._app({**scope, "method": method}, receive, send_with_id)
        except Exception:
            logger.exception(FAILED, request.request_id, request.path)
            if not status:
                status, response = _worded(Defect(), request)
                await send_response(scope, send, status, response, request.request_id)
        return status


def _require_post(scope: Scope, request: Request) -> None:
    if scope["method"] != "POST":
        raise MethodNotAllowed(scope["method"], request.path, "POST")
    encoding = request.headers.get(b"content-encoding", b"identity")
    if encoding.lower() != b"identity":
        raise EncodingNotTaken(encoding.decode("latin-1"))


def _worded(error: P300Error, request: Request) -> tuple[int, Response]:
    return status_of(error), error_response(error, request.request_id)
