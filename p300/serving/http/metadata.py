"""What the Open Inference Protocol tells when it is asked with GET: health and metadata."""

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse

from p300.serving.service import Service
from p300.wire import (
    DATATYPE,
    INPUT_NAME,
    OUTPUT_DATATYPES,
    ErrorResponse,
    ModelMetadata,
    ModelReady,
    ServerLive,
    ServerMetadata,
    ServerReady,
    TensorMetadata,
)

Alias = Annotated[str, Path(description="champion, challenger or another alias that is served")]


def metadata_routes(service: Service) -> APIRouter:
    """``/v2`` and what is below it, but for inference."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    @router.get("")
    async def server() -> ServerMetadata:
        return ServerMetadata(name="p300", version=version("p300"), extensions=["binary_tensor_data"])

    @router.get("/health/live")
    async def server_live() -> ServerLive:
        return ServerLive(live=True)

    @router.get("/health/ready", response_model=ServerReady, responses={503: {"model": ServerReady}})
    async def server_ready() -> JSONResponse:
        is_ready = service.is_ready()
        return JSONResponse({"ready": is_ready}, status_code=200 if is_ready else 503)

    @router.get(
        "/models/{alias}/ready",
        response_model=ModelReady,
        responses={404: {"model": ErrorResponse}, 503: {"model": ModelReady}},
    )
    async def model_ready(alias: Alias) -> JSONResponse:
        is_ready = service.status(alias).state == "serving"
        return JSONResponse({"name": alias, "ready": is_ready}, status_code=200 if is_ready else 503)

    @router.get("/models/{alias}", responses={404: {"model": ErrorResponse}, 503: {"model": ErrorResponse}})
    async def model(alias: Alias) -> ModelMetadata:
        return ModelMetadata(
            name=alias,
            versions=[str(service.identity(alias).version)],
            platform="scikit-learn",
            inputs=[TensorMetadata(name=INPUT_NAME, datatype=DATATYPE, shape=[-1, service.expected(alias).n_features])],
            outputs=[TensorMetadata(name=n, datatype=d, shape=[-1]) for n, d in OUTPUT_DATATYPES.items()],
        )

    return router
