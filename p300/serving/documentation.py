"""The prediction routes for ``/docs`` and ``/openapi.json``.

They are answered by :mod:`p300.serving.front`, which FastAPI does not see; here are their signatures, for it to read.
"""

from collections.abc import Iterable
from typing import Any, Literal

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field

from p300.serving.v2_tensors import DATATYPE
from p300.wire import (
    INPUT_NAME,
    JSON_LENGTH_HEADER,
    ErrorResponse,
    PredictionRequest,
    PredictionResponse,
    infer_path,
    prediction_path,
)

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorResponse, "description": "The body is not JSON"},
    413: {"model": ErrorResponse, "description": "More epochs or bytes than one request may hold"},
    422: {"model": ErrorResponse, "description": "The body is JSON, but not what was expected; the error says where"},
    500: {"model": ErrorResponse, "description": "A fault of the server"},
    503: {"model": ErrorResponse, "description": "No model answers for the alias, or too many requests wait"},
}


class InputTensor(BaseModel):
    """Features, row by row in `data`; or behind the JSON, with `binary_data_size` among the parameters."""

    name: Literal["features"]
    shape: list[int] = Field(min_length=2, max_length=2, description="[number of epochs, number of features]")
    datatype: Literal["FP32"]
    parameters: dict[str, Any] | None = None
    data: list[float] | list[list[float]] | None = None


class RequestedOutput(BaseModel):
    """An output that is wanted; `binary_data` among its parameters asks for it as binary."""

    name: Literal["probability_target", "label"]
    parameters: dict[str, Any] | None = None


class InferenceRequest(BaseModel):
    """A request of the Open Inference Protocol."""

    id: str | None = None
    parameters: dict[str, Any] | None = None
    inputs: list[InputTensor] = Field(min_length=1, max_length=1)
    outputs: list[RequestedOutput] | None = None


class OutputTensor(BaseModel):
    """One number an epoch."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: list[float] | None = None


class InferenceResponse(BaseModel):
    """An answer of the Open Inference Protocol; `parameters` has the name and the run of the model."""

    model_name: str
    model_version: str
    id: str
    parameters: dict[str, Any]
    outputs: list[OutputTensor]


def document(app: FastAPI, aliases: Iterable[str]) -> None:
    """Let the documentation of `app` tell of the prediction routes too."""
    signatures = _signatures(aliases)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            routes = [*signatures.routes, *app.routes]
            app.openapi_schema = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=routes
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _signatures(aliases: Iterable[str]) -> APIRouter:
    async def predict(request: PredictionRequest) -> PredictionResponse:
        raise NotImplementedError

    async def infer(request: InferenceRequest) -> InferenceResponse:
        raise NotImplementedError

    router = APIRouter(responses=REFUSALS)
    for alias in aliases:
        router.add_api_route(
            prediction_path(alias),
            predict,
            methods=["POST"],
            tags=["prediction"],
            operation_id=f"predict_{alias}",
            summary=f"Predict with the {alias}",
            description="One epoch as `features`, or several as `epochs`; each is channel-major.",
        )
        router.add_api_route(
            infer_path(alias),
            infer,
            methods=["POST"],
            tags=["Open Inference Protocol"],
            operation_id=f"infer_{alias}",
            summary=f"Infer with the {alias}",
            description=f"Tensor `{INPUT_NAME}` of {DATATYPE}; as binary behind the JSON with `{JSON_LENGTH_HEADER}`.",
        )
    return router
