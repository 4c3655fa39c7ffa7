"""The servers that serving is measured beside, each for uvicorn: the floors, and a plain FastAPI endpoint.

The model comes as a folder in the environment, as a container would get it.
"""

import os
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import orjson
from fastapi import Depends, FastAPI
from pydantic import BaseModel

from p300.model.linear.model import linear_model
from p300.registry import load_estimator

MODEL_FOLDER = "P300_BENCH_MODEL"


def floor() -> Any:
    """Bare ASGI: read the body, multiply, answer. ``/json`` parses with orjson, ``/raw`` takes float32 as it comes."""
    linear = linear_model(load_estimator(Path(os.environ[MODEL_FOLDER])))
    assert linear is not None
    weights = linear.weights.astype(np.float32)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        parts, more = [], True
        while more:
            message = await receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(parts)
        if scope["path"] == "/json":
            logit = float(np.array(orjson.loads(body)["features"], dtype=np.float32) @ weights) + linear.bias
            answer = orjson.dumps({"probability_target": 1 / (1 + np.exp(-logit))}, option=orjson.OPT_SERIALIZE_NUMPY)
        else:
            answer = (np.frombuffer(body, dtype="<f4").reshape(-1, len(weights)) @ weights).tobytes()
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app


def plain_fastapi() -> FastAPI:
    """The usual way: a pydantic model in, the pipeline's own ``predict_proba``, a pydantic model out."""
    pipeline = load_estimator(Path(os.environ[MODEL_FOLDER]))
    app = FastAPI()

    class Epoch(BaseModel):
        features: list[float]

    class Answer(BaseModel):
        prediction: int
        probability: float

    def estimator() -> Any:
        return pipeline

    @app.post("/predict")
    def predict(epoch: Epoch, model: Annotated[Any, Depends(estimator)]) -> Answer:
        probability = model.predict_proba(np.array(epoch.features).reshape(1, -1))[0, 1]
        return Answer(prediction=1 + int(probability > 0.5), probability=probability)

    return app
