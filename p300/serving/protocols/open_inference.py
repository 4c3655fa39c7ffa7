"""``POST /v2/models/{alias}/infer``: the Open Inference Protocol ("V2"), as JSON and with binary tensors.

See :mod:`p300.wire.open_inference`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from p300.domain import Float32s
from p300.errors import InvalidInput
from p300.serving.protocols.protocol import Documentation, Malformed, Protocol, Request, Response
from p300.serving.protocols.vectors import describe, pack_rows, quote, read_object, require_epochs
from p300.serving.service import Answer, Expected, Query
from p300.wire import (
    DATATYPE,
    INPUT_NAME,
    JSON_LENGTH_HEADER,
    LABEL_NAME,
    OUTPUT_DATATYPES,
    PROBABILITY_NAME,
    InferenceRequest,
    InferenceResponse,
    infer_path,
)

LONGEST_NUMBER = 18

_JSON_LENGTH = JSON_LENGTH_HEADER.encode()


@dataclass(slots=True)
class Inference(Query):
    """A query that remembers the client's id, and which outputs it wants: True for those that travel as binary."""

    id: str | None
    outputs: Mapping[str, bool]


def decode(request: Request, expected: Expected) -> Inference:
    """Read an inference request in either encoding.

    Raises
    ------
    Malformed, InvalidInput, PayloadTooLarge
        What is wrong with it, naming the field, what came and what was expected.
    """
    body = request.body
    json_length = _json_length(request.headers.get(_JSON_LENGTH), len(body))
    head = read_object(body[:json_length])
    identifier = head.get("id")
    if not isinstance(identifier, str | None):
        raise InvalidInput(f"id is {describe(identifier)}, expected a string")
    tensor = _only_input(head.get("inputs"))
    n_epochs = _n_epochs(tensor, expected)
    size = _parameters(tensor, "inputs[0]").get("binary_data_size")
    if size is None:
        if json_length < len(body):
            raise InvalidInput("inputs[0] has no binary_data_size, though binary data follows the JSON")
        features = _json_features(tensor.get("data"), n_epochs, expected, body)
    else:
        features = _binary_features(size, body, json_length, (n_epochs, expected.n_features))
    return Inference(expected.alias, features, request.request_id, identifier, _wanted(head))


def encode(query: Inference, answer: Answer) -> Response:
    """Write the answer: each output as binary where that was asked for."""
    tensors = {PROBABILITY_NAME: answer.probabilities.astype("<f4"), LABEL_NAME: answer.labels}
    outputs: list[dict[str, Any]] = []
    binary: list[bytes] = []
    for name, as_binary in query.outputs.items():
        output: dict[str, Any] = {"name": name, "shape": [len(tensors[name])], "datatype": OUTPUT_DATATYPES[name]}
        if as_binary:
            binary.append(tensors[name].tobytes())
            output["parameters"] = {"binary_data_size": len(binary[-1])}
        else:
            output["data"] = tensors[name]
        outputs.append(output)
    head = orjson.dumps(
        {
            "model_name": answer.model.alias,
            "model_version": str(answer.model.version),
            "id": query.id or query.request_id,
            "parameters": {"name": answer.model.name, "run_id": answer.model.run_id},
            "outputs": outputs,
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )
    if not binary:
        return Response(head)
    headers = ((b"content-type", b"application/octet-stream"), (_JSON_LENGTH, str(len(head)).encode()))
    return Response(b"".join([head, *binary]), headers)


def _json_length(header: bytes | None, n_bytes: int) -> int:
    if header is None:
        return n_bytes
    # Python refuses to read a number of thousands of digits.
    if not header.isdigit() or len(header) > LONGEST_NUMBER or not 0 < int(header) <= n_bytes:
        came = header[: LONGEST_NUMBER + 1].decode("latin-1")
        raise Malformed(f"{JSON_LENGTH_HEADER} is {came!r}, expected 1 to {n_bytes}, the body's length")
    return int(header)


def _only_input(inputs: object) -> dict[str, Any]:
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        came = f"a list of {len(inputs)}" if isinstance(inputs, list) else describe(inputs)
        raise InvalidInput(f"inputs is {came}, expected a list of one tensor named {INPUT_NAME}")
    tensor: dict[str, Any] = inputs[0]
    for field, expected in (("name", INPUT_NAME), ("datatype", DATATYPE)):
        if tensor.get(field) != expected:
            raise InvalidInput(f"inputs[0].{field} is {describe(tensor.get(field))}, expected {expected}")
    return tensor


def _n_epochs(tensor: dict[str, Any], expected: Expected) -> int:
    shape = tensor.get("shape")
    match shape:
        case [int(n_epochs), expected.n_features] if n_epochs >= 0 and not isinstance(n_epochs, bool):
            require_epochs("inputs[0]", n_epochs, expected.max_epochs)
            return n_epochs
    raise InvalidInput(f"inputs[0].shape is {quote(shape)}, expected [number of epochs, {expected.layout}]")


def _parameters(owner: dict[str, Any], name: str) -> dict[str, Any]:
    parameters = owner.get("parameters")
    if not isinstance(parameters, dict | None):
        raise InvalidInput(f"{name}.parameters is {describe(parameters)}, expected an object")
    return parameters or {}


def _json_features(data: object, n_epochs: int, expected: Expected, body: bytes) -> Float32s:
    """Either flat, row by row, or a list for each epoch; the protocol allows both."""
    if not isinstance(data, list):
        raise InvalidInput(f"inputs[0].data is {describe(data)}, expected a list of numbers")
    if data and isinstance(data[0], list):
        if len(data) != n_epochs:
            raise InvalidInput(f"inputs[0].data has {len(data)} epochs, expected {n_epochs} as in its shape")
        return pack_rows(data, "inputs[0].data[{}]", expected.n_features, expected.layout, body)
    n_numbers = n_epochs * expected.n_features
    flat = pack_rows([data], "inputs[0].data", n_numbers, f"{n_numbers} as in its shape", body)
    return flat.reshape(n_epochs, expected.n_features)


def _binary_features(size: object, body: bytes, offset: int, shape: tuple[int, int]) -> Float32s:
    expected = shape[0] * shape[1] * np.dtype(np.float32).itemsize
    came = len(body) - offset
    if size != expected or came != expected:
        raise InvalidInput(
            f"inputs[0].parameters.binary_data_size is {describe(size)} and {came} bytes follow the JSON, "
            f"expected {expected} for shape {list(shape)}"
        )
    return np.frombuffer(body, dtype="<f4", offset=offset).reshape(shape)


def _wanted(head: dict[str, Any]) -> dict[str, bool]:
    """Which outputs the client wants, and which of them as binary; all of them unless it says otherwise."""
    as_binary = _parameters(head, "the request").get("binary_data_output") is True
    outputs = head.get("outputs") or [{"name": name} for name in OUTPUT_DATATYPES]
    if not isinstance(outputs, list):
        raise InvalidInput(f"outputs is {describe(outputs)}, expected a list")
    wanted = {}
    for number, output in enumerate(outputs):
        name = output.get("name") if isinstance(output, dict) else None
        if not isinstance(name, str) or name not in OUTPUT_DATATYPES:
            known = " or ".join(OUTPUT_DATATYPES)
            raise InvalidInput(f"outputs[{number}].name is {describe(name)}, expected {known}")
        wanted[name] = _parameters(output, f"outputs[{number}]").get("binary_data", as_binary) is True
    return wanted


OPEN_INFERENCE = Protocol(
    name="infer",
    path=infer_path,
    decode=decode,
    encode=encode,
    documentation=Documentation(
        tag="Open Inference Protocol",
        verb="infer",
        description=f"Tensor `{INPUT_NAME}` of {DATATYPE}; as binary behind the JSON with `{JSON_LENGTH_HEADER}`.",
        request=InferenceRequest,
        response=InferenceResponse,
    ),
)
