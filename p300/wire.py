"""What the prediction API speaks: one vocabulary for the service, the simulator and the docs.

Two encodings of the same question. JSON is for people and single epochs. The Open Inference
Protocol with its binary tensor extension (KServe, "V2") is for whole subjects: the features travel
as raw little-endian float32 behind a small JSON header.
"""

import json
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from p300.domain import Float32s
from p300.errors import InvalidInput

REQUEST_ID_HEADER = "x-request-id"
JSON_LENGTH_HEADER = "inference-header-content-length"
INPUT_NAME = "features"
PROBABILITY_NAME = "probability_target"
LABEL_NAME = "label"
FLOAT32_BYTES = 4


class ModelIdentity(BaseModel):
    """Which version answered."""

    model_config = ConfigDict(frozen=True)

    name: str
    alias: str
    version: int
    run_id: str


class Prediction(BaseModel):
    """The answer for one epoch."""

    label: int = Field(description="2 Target, 1 NonTarget")
    class_name: str = Field(description="Target or NonTarget")
    probability_target: float = Field(description="probability that the flash was the target")


class PredictionRequest(BaseModel):
    """One epoch as `features`, or several as `epochs`: channel-major features, never both."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [field], "properties": {field: {"type": "array"}}} for field in ("features", "epochs")
            ],
            "examples": [{"features": [1.2e-06, -3.4e-07]}, {"epochs": [[1.2e-06, -3.4e-07], [2.1e-06, 5.0e-07]]}],
        }
    )

    features: list[float] | None = None
    epochs: list[list[float]] | None = None


class PredictionResponse(BaseModel):
    """The predictions in the order of the epochs, and the version that made them."""

    model: ModelIdentity
    predictions: list[Prediction]
    request_id: str


class ErrorResponse(BaseModel):
    """Every refusal looks like this."""

    error: str
    request_id: str


def prediction_path(alias: str) -> str:
    """Address of the JSON route of an alias."""
    return f"/predict-{alias}/"


def infer_path(alias: str) -> str:
    """Address of the Open Inference Protocol's route of an alias."""
    return f"/v2/models/{alias}/infer"


def encode_infer_request(features: Float32s) -> tuple[dict[str, str], bytes]:
    """Headers and body of a binary inference request that wants a binary answer.

    Parameters
    ----------
    features : ndarray of float32, shape (n_epochs, n_features)
    """
    tensor = np.ascontiguousarray(features, dtype="<f4")
    header = {
        "inputs": [
            {
                "name": INPUT_NAME,
                "shape": list(tensor.shape),
                "datatype": "FP32",
                "parameters": {"binary_data_size": tensor.nbytes},
            }
        ],
        "outputs": [{"name": PROBABILITY_NAME, "parameters": {"binary_data": True}}],
    }
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % FLOAT32_BYTES)  # the floats behind it then lie where a processor likes them
    headers = {"content-type": "application/octet-stream", JSON_LENGTH_HEADER: str(len(head))}
    return headers, head + tensor.tobytes()


def decode_infer_response(json_length: int | None, body: bytes) -> tuple[dict[str, Any], Float32s]:
    """Header and target probabilities, shape (n_epochs,), of a binary inference answer."""
    if json_length is None or not 0 < json_length <= len(body):
        raise InvalidInput(f"the answer carries no binary tensor: header {JSON_LENGTH_HEADER} is {json_length}")
    header: dict[str, Any] = json.loads(body[:json_length])
    return header, np.frombuffer(body, dtype="<f4", offset=json_length)
