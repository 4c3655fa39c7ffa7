"""The ASGI application: prediction routes in front, FastAPI behind for health, metadata, metrics and documentation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from p300.errors import InvalidInput, P300Error
from p300.serving import json_route, v2_route
from p300.serving.documentation import document
from p300.serving.front import Front, Route
from p300.serving.health import health_routes
from p300.serving.loader import Loader
from p300.serving.metrics import Metrics
from p300.serving.refusals import Defect, MethodNotAllowed, UnknownPath, refusal
from p300.serving.scorer import Scorer
from p300.wire import infer_path, prediction_path

DESCRIPTION = "Probability that a flash was the target, from the EEG around it."


def make_app(
    loader: Loader, metrics: Metrics, *, max_epochs: int, max_body_bytes: int, start_wait_s: float = 0.0
) -> Front:
    """Put the service together; its lifespan starts and stops the loader.

    Parameters
    ----------
    max_epochs, max_body_bytes : int
        Most of either in one request.
    start_wait_s : float
        How long the start waits for the registry, so that nobody is told that the service is starting.
    """
    scorer = Scorer(max_epochs)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loader.start()
        await loader.settled(start_wait_s)
        yield
        loader.stop()
        scorer.close()

    # FastAPI's own /docs is blank without the internet, where its files are; Redoc would load a logo even from here.
    api = FastAPIOffline(
        redoc_url=None,
        title="P300",
        version=version("p300"),
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    api.include_router(health_routes(loader, metrics))
    api.include_router(v2_route.v2_routes(loader))
    for kind in (P300Error, HTTPException, RequestValidationError, Exception):
        api.add_exception_handler(kind, _refuse)
    document(api, loader.followers)
    routes = _prediction_routes(loader, metrics, scorer)
    return Front(api, routes, metrics.meter("", "other"), max_body_bytes=max_body_bytes)


def _prediction_routes(loader: Loader, metrics: Metrics, scorer: Scorer) -> dict[str, Route]:
    routes: dict[str, Route] = {}
    for alias, follower in loader.followers.items():
        predict = Route(follower.predictor, partial(json_route.predict, scorer), metrics.meter(alias, "predict"))
        infer = Route(follower.predictor, partial(v2_route.infer, scorer), metrics.meter(alias, "infer"))
        path = prediction_path(alias)
        routes |= {path: predict, path.rstrip("/"): predict, infer_path(alias): infer}
    return routes


async def _refuse(request: Request, error: Exception) -> Response:
    reply = refusal(_worded(request, error), request.state.request_id)
    headers = {name.decode(): value.decode() for name, value in reply.headers}
    return Response(reply.body, reply.status, headers)


def _worded(request: Request, error: Exception) -> P300Error:
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
