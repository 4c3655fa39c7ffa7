"""The ASGI application: prediction endpoints, and FastAPI for health, metadata, metrics and documentation."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from p300.errors import InvalidInput, P300Error
from p300.serving.http.documentation import document
from p300.serving.http.errors import Defect, MethodNotAllowed, UnknownPath, error_response, status_of
from p300.serving.http.health import health_routes
from p300.serving.http.metadata import metadata_routes
from p300.serving.http.router import Choose, Endpoint, Router
from p300.serving.metrics import Metrics
from p300.serving.protocols import PROTOCOLS
from p300.serving.protocols.protocol import Protocol
from p300.serving.service import Service

DESCRIPTION = "Probability that a flash was the target, from the EEG around it."


def make_app(
    service: Service, metrics: Metrics, *, max_body_bytes: int, protocols: Sequence[Protocol[Any]] = PROTOCOLS
) -> Router:
    """Give the service its addresses: one a protocol and alias, and those that tell of it.

    Parameters
    ----------
    max_body_bytes : int
        Most bytes in one request.
    """
    # FastAPI's own /docs is blank without the internet, where its files are; Redoc would load a logo even from here.
    api = FastAPIOffline(
        redoc_url=None, title="P300", version=version("p300"), description=DESCRIPTION, redirect_slashes=False
    )
    api.include_router(health_routes(service, metrics))
    api.include_router(metadata_routes(service))
    for kind in (P300Error, HTTPException, RequestValidationError, Exception):
        api.add_exception_handler(kind, _word)
    document(api, protocols, service.aliases)
    return Router(api, service, _endpoints(protocols, service.aliases), metrics, max_body_bytes=max_body_bytes)


def _endpoints(protocols: Sequence[Protocol[Any]], aliases: Sequence[str]) -> dict[str, Endpoint]:
    endpoints: dict[str, Endpoint] = {}
    for alias in aliases:
        for protocol in protocols:
            endpoint = Endpoint(protocol, _always(alias))
            path = protocol.path(alias)
            endpoints |= {path: endpoint, path.rstrip("/"): endpoint}
    return endpoints


def _always(alias: str) -> Choose:
    return lambda _: alias


async def _word(request: Request, error: Exception) -> Response:
    ours = _ours(request, error)
    response = error_response(ours, request.state.request_id)
    headers = {name.decode(): value.decode() for name, value in response.headers}
    return Response(response.body, status_of(ours), headers)


def _ours(request: Request, error: Exception) -> P300Error:
    match error:
        case P300Error():
            return error
        case HTTPException(status_code=404):
            return UnknownPath(request.url.path)
        case HTTPException(status_code=405):
            return MethodNotAllowed(request.method, request.url.path, (error.headers or {}).get("Allow", "GET"))
        case HTTPException() | RequestValidationError():
            return InvalidInput(str(error))
        case _:
            return Defect()
