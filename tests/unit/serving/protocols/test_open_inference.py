"""The Open Inference Protocol in both encodings."""

import json
from typing import Any

import numpy as np
import pytest

from p300.domain import Float32s
from p300.errors import P300Error
from p300.serving.http.errors import status_of
from p300.serving.models.predictor import Predictor
from p300.serving.protocols.open_inference import Inference, decode, encode
from p300.serving.protocols.protocol import Request
from p300.serving.service import Answer, Expected
from p300.wire import JSON_LENGTH_HEADER, decode_infer_response, encode_infer_request

ROW = [0.25] * 12


def _json(**changes: Any) -> dict[str, Any]:
    tensor = {"name": "features", "shape": [2, 12], "datatype": "FP32", "data": ROW * 2}
    return {"inputs": [{**tensor, **changes}]}


def _decode(headers: dict[bytes, bytes], body: bytes, expected: Expected) -> Inference:
    return decode(Request("/v2/models/champion/infer", headers, "q-1", body), expected)


def _headers(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}


def test_binary_there_and_back(predictor: Predictor, expected: Expected, epochs: Float32s) -> None:
    headers, body = encode_infer_request(epochs)
    inference = _decode(_headers(headers), body, expected)
    np.testing.assert_array_equal(inference.features, epochs)
    probabilities = predictor.probabilities(inference.features)
    response = encode(inference, Answer(predictor.identity, probabilities))
    length = int(dict(response.headers)[JSON_LENGTH_HEADER.encode()])
    header, answered = decode_infer_response(length, response.body)
    np.testing.assert_array_equal(answered, probabilities.astype(np.float32))
    assert (header["model_name"], header["model_version"], header["id"]) == ("champion", "3", "q-1")
    assert header["parameters"] == {"name": "P300-Classifier", "run_id": "5f2d"}


@pytest.mark.parametrize("nested", [False, True])
def test_json_there_and_back(predictor: Predictor, expected: Expected, epochs: Float32s, nested: bool) -> None:
    data = epochs[:2].tolist() if nested else epochs[:2].ravel().tolist()
    body = json.dumps({"id": "mine", **_json(data=data)}).encode()
    inference = _decode({}, body, expected)
    np.testing.assert_array_equal(inference.features, epochs[:2])
    response = encode(inference, Answer(predictor.identity, np.array([0.75, 0.25])))
    answer = json.loads(response.body)
    assert answer["id"] == "mine"
    assert answer["outputs"] == [
        {"name": "probability_target", "shape": [2], "datatype": "FP32", "data": [0.75, 0.25]},
        {"name": "label", "shape": [2], "datatype": "INT8", "data": [2, 1]},
    ]


def test_each_output_travels_as_it_was_asked_for(predictor: Predictor, expected: Expected) -> None:
    outputs = [{"name": "label"}, {"name": "probability_target", "parameters": {"binary_data": True}}]
    inference = _decode({}, json.dumps({**_json(), "outputs": outputs}).encode(), expected)
    response = encode(inference, Answer(predictor.identity, np.array([0.75, 0.25])))
    header, probabilities = decode_infer_response(
        int(dict(response.headers)[JSON_LENGTH_HEADER.encode()]), response.body
    )
    assert header["outputs"][0]["data"] == [2, 1]
    assert header["outputs"][1]["parameters"] == {"binary_data_size": 8}
    np.testing.assert_array_equal(probabilities, [0.75, 0.25])


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({}, 422, "inputs is null, expected a list of one tensor named features"),
        ({"inputs": []}, 422, "inputs is a list of 0, expected a list of one tensor"),
        ({"inputs": [1]}, 422, "inputs is a list of 1, expected a list of one tensor"),
        ({"id": 7, **_json()}, 422, "id is 7, expected a string"),
        (_json(name="x"), 422, 'inputs[0].name is "x", expected features'),
        (_json(datatype="FP64"), 422, 'inputs[0].datatype is "FP64", expected FP32'),
        (
            _json(shape=[2, 11]),
            422,
            "inputs[0].shape is [2, 11], expected [number of epochs, 12 = 3 channels x 4 samples]",
        ),
        (_json(shape=[24]), 422, "inputs[0].shape is [24], expected"),
        (_json(shape=[-1, 12]), 422, "inputs[0].shape is [-1, 12], expected"),
        (_json(shape=[True, 12]), 422, "inputs[0].shape is [true, 12], expected"),
        (_json(shape="2x12"), 422, 'inputs[0].shape is "2x12", expected'),
        (_json(shape=[0, 12], data=[]), 422, "inputs[0] is empty, expected at least one epoch"),
        (_json(shape=[251, 12]), 413, "inputs[0] has 251 epochs, the limit of one request is 250"),
        (_json(data=None), 422, "inputs[0].data is null, expected a list of numbers"),
        (_json(data=ROW), 422, "inputs[0].data has 12 numbers, expected 24 as in its shape"),
        (_json(data=[ROW]), 422, "inputs[0].data has 1 epochs, expected 2 as in its shape"),
        (_json(data=[ROW, ROW[1:]]), 422, "inputs[0].data[1] has 11 numbers, expected 12"),
        (_json(data=[*ROW, *ROW[1:], "x"]), 422, 'inputs[0].data[23] is "x", expected a finite number'),
        (_json(parameters=[1]), 422, "inputs[0].parameters is a list of 1, expected an object"),
        (_json(parameters={"binary_data_size": 96}), 422, "0 bytes follow the JSON, expected 96 for shape [2, 12]"),
        ({**_json(), "parameters": 1}, 422, "the request.parameters is 1, expected an object"),
        ({**_json(), "outputs": [{"name": "x"}]}, 422, 'outputs[0].name is "x", expected probability_target or label'),
        ({**_json(), "outputs": [7]}, 422, "outputs[0].name is null, expected"),
        ({**_json(), "outputs": [{"name": ["label"]}]}, 422, "outputs[0].name is a list of 1, expected"),
        ({**_json(), "outputs": 3}, 422, "outputs is 3, expected a list"),
    ],
)
def test_errors_in_json(expected: Expected, fields: object, status: int, sentence: str) -> None:
    with pytest.raises(P300Error) as refused:
        _decode({}, json.dumps(fields).encode(), expected)
    assert status_of(refused.value) == status
    assert sentence in str(refused.value)


@pytest.mark.parametrize("length", ["0", "-1", "abc", "999999", ""])
def test_a_json_length_that_cannot_be(expected: Expected, epochs: Float32s, length: str) -> None:
    headers, body = encode_infer_request(epochs[:2])
    with pytest.raises(P300Error, match=f"{JSON_LENGTH_HEADER} is '{length}', expected 1 to {len(body)}") as refused:
        _decode(_headers(headers | {JSON_LENGTH_HEADER: length}), body, expected)
    assert status_of(refused.value) == 400


@pytest.mark.parametrize(("cut", "came"), [(1, 95), (96, 0)])
def test_binary_data_that_was_cut(
    predictor: Predictor, expected: Expected, epochs: Float32s, cut: int, came: int
) -> None:
    headers, body = encode_infer_request(epochs[:2])
    with pytest.raises(P300Error, match=rf"binary_data_size is 96 and {came} bytes follow the JSON, expected 96"):
        _decode(_headers(headers), body[:-cut], expected)


def test_binary_data_without_a_size(expected: Expected) -> None:
    head = json.dumps(_json(data=None)).encode()
    headers = _headers({JSON_LENGTH_HEADER: str(len(head))})
    with pytest.raises(P300Error, match="no binary_data_size, though binary data follows"):
        _decode(headers, head + bytes(96), expected)
