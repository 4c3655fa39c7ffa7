"""Whether the service lives and is ready, and what it counts."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from p300.serving.metrics import Metrics
from p300.serving.service import Service
from p300.wire import LIVE_PATH, READY_PATH, Liveness, Readiness


def health_routes(service: Service, metrics: Metrics) -> APIRouter:
    """``/health/live``, ``/health/ready`` and ``/metrics``."""
    router = APIRouter(tags=["operations"])

    @router.get(LIVE_PATH)
    async def live() -> Liveness:
        return Liveness()

    @router.get(READY_PATH, response_model=Readiness, responses={503: {"model": Readiness}})
    async def ready() -> JSONResponse:
        is_ready = service.is_ready()
        readiness = Readiness(status="ready" if is_ready else "not ready", models=service.statuses())
        return JSONResponse(readiness.model_dump(), status_code=200 if is_ready else 503)

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def expose() -> Response:
        return Response(generate_latest(metrics.collection), media_type=CONTENT_TYPE_LATEST)

    return router
