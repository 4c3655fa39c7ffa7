"""The prediction endpoints for ``/docs`` and ``/openapi.json``.

They are answered by :mod:`p300.serving.http.router`, which FastAPI does not see; here are their signatures, for it to
read.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from p300.serving.protocols.protocol import Protocol
from p300.wire import ErrorResponse

ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorResponse, "description": "The body is not JSON, or what came is not HTTP"},
    413: {"model": ErrorResponse, "description": "More epochs or bytes than one request may hold"},
    415: {"model": ErrorResponse, "description": "The body is compressed"},
    422: {"model": ErrorResponse, "description": "The body is JSON, but not what was expected; the error says where"},
    500: {"model": ErrorResponse, "description": "A fault of the server"},
    503: {"model": ErrorResponse, "description": "No model answers for the alias, or too many requests wait"},
}


def document(app: FastAPI, protocols: Sequence[Protocol[Any]], aliases: Sequence[str]) -> None:
    """Let the documentation of `app` tell of the prediction endpoints too."""
    signatures = _signatures(protocols, aliases)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            routes = [*signatures.routes, *app.routes]
            app.openapi_schema = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=routes
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _signatures(protocols: Iterable[Protocol[Any]], aliases: Sequence[str]) -> APIRouter:
    router = APIRouter(responses=ERRORS)
    for protocol in protocols:
        told = protocol.documentation
        if told is None:
            continue
        for alias in aliases:
            router.add_api_route(
                protocol.path(alias),
                _signature(told.request),
                response_model=told.response,
                methods=["POST"],
                tags=[told.tag],
                operation_id=f"{told.verb}_{alias}",
                summary=f"{told.verb.capitalize()} with the {alias}",
                description=told.description,
            )
    return router


def _signature(body: type) -> Any:
    async def endpoint(request: body) -> None:  # type: ignore[valid-type]
        raise NotImplementedError

    return endpoint
