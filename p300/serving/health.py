"""Whether the service lives and is ready, and what it counts."""

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from p300.serving.follower import AliasStatus
from p300.serving.loader import Loader
from p300.serving.metrics import Metrics


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Readiness(BaseModel):
    """Ready as soon as a model answers for one alias at least."""

    status: Literal["ready", "not ready"]
    models: dict[str, AliasStatus]


def health_routes(loader: Loader, metrics: Metrics) -> APIRouter:
    """``/health/live``, ``/health/ready`` and ``/metrics``."""
    router = APIRouter(tags=["operations"])

    @router.get("/health/live")
    async def live() -> Liveness:
        return Liveness()

    @router.get("/health/ready", response_model=Readiness, responses={503: {"model": Readiness}})
    async def ready() -> JSONResponse:
        is_ready = loader.is_ready()
        readiness = Readiness(status="ready" if is_ready else "not ready", models=loader.statuses())
        return JSONResponse(readiness.model_dump(), status_code=200 if is_ready else 503)

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def expose() -> Response:
        return Response(generate_latest(metrics.collection), media_type=CONTENT_TYPE_LATEST)

    return router
