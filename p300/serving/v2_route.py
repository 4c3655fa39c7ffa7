"""The Open Inference Protocol's routes: inference, health and metadata."""

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from p300.errors import NotFound
from p300.serving.exchange import Question, Reply
from p300.serving.follower import Follower
from p300.serving.loader import Loader
from p300.serving.predictor import Predictor
from p300.serving.scorer import Scorer
from p300.serving.v2_tensors import DATATYPE, OUTPUT_DATATYPES, parse_inference, render_inference
from p300.wire import INPUT_NAME, ErrorResponse

Alias = Annotated[str, Path(description="champion, challenger or another alias that is served")]


class TensorMetadata(BaseModel):
    """A tensor; -1 in its shape is the number of epochs."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ServerMetadata(BaseModel):
    """What this server is."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    live: bool


class ServerReady(BaseModel):
    ready: bool


class ModelReady(BaseModel):
    name: str
    ready: bool


async def infer(scorer: Scorer, predictor: Predictor, question: Question) -> Reply:
    """Answer an inference request in either encoding."""
    inference = parse_inference(question.headers, question.body, predictor, scorer.max_epochs)
    probabilities = await scorer.probabilities(predictor, inference.features)
    return render_inference(predictor.identity, inference, probabilities, question.request_id)


def v2_routes(loader: Loader) -> APIRouter:
    """The routes that are asked with GET."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    def follower(alias: str) -> Follower:
        if alias not in loader.followers:
            raise NotFound(f"no model is called {alias!r} here, expected one of {', '.join(loader.followers)}")
        return loader.followers[alias]

    @router.get("")
    async def server() -> ServerMetadata:
        return ServerMetadata(name="p300", version=version("p300"), extensions=["binary_tensor_data"])

    @router.get("/health/live")
    async def server_live() -> ServerLive:
        return ServerLive(live=True)

    @router.get("/health/ready", response_model=ServerReady, responses={503: {"model": ServerReady}})
    async def server_ready() -> JSONResponse:
        is_ready = loader.is_ready()
        return JSONResponse({"ready": is_ready}, status_code=200 if is_ready else 503)

    @router.get(
        "/models/{alias}/ready",
        response_model=ModelReady,
        responses={404: {"model": ErrorResponse}, 503: {"model": ModelReady}},
    )
    async def model_ready(alias: Alias) -> JSONResponse:
        is_ready = follower(alias).status().state == "serving"
        return JSONResponse({"name": alias, "ready": is_ready}, status_code=200 if is_ready else 503)

    @router.get("/models/{alias}", responses={404: {"model": ErrorResponse}, 503: {"model": ErrorResponse}})
    async def model(alias: Alias) -> ModelMetadata:
        predictor = follower(alias).predictor()
        return ModelMetadata(
            name=alias,
            versions=[str(predictor.identity.version)],
            platform="scikit-learn",
            inputs=[TensorMetadata(name=INPUT_NAME, datatype=DATATYPE, shape=[-1, predictor.n_features])],
            outputs=[TensorMetadata(name=n, datatype=d, shape=[-1]) for n, d in OUTPUT_DATATYPES.items()],
        )

    return router
