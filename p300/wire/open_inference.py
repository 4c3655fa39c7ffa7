"""The Open Inference Protocol (KServe, "V2") with its binary tensor extension: for whole subjects.

The features travel as raw little-endian float32 behind a small JSON header.
Protocol: https://github.com/kserve/open-inference-protocol; binary extension:
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md.
"""

import json
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from p300.domain import Float32s
from p300.errors import InvalidInput

JSON_LENGTH_HEADER = "inference-header-content-length"
INPUT_NAME = "features"
PROBABILITY_NAME = "probability_target"
LABEL_NAME = "label"
DATATYPE = "FP32"
OUTPUT_DATATYPES = {PROBABILITY_NAME: DATATYPE, LABEL_NAME: "INT8"}
FLOAT32_BYTES = 4


class InputTensor(BaseModel):
    """Features, row by row in `data`; or behind the JSON, with `binary_data_size` among the parameters."""

    name: Literal["features"]
    shape: list[Annotated[int, Field(ge=1)]] = Field(
        min_length=2, max_length=2, description="[number of epochs, number of features]"
    )
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


def infer_path(alias: str) -> str:
    """Address of the inference endpoint of an alias."""
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
                "datatype": DATATYPE,
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
