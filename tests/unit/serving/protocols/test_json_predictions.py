"""JSON in, JSON out: what is accepted, and the sentence for what is not."""

import json

import numpy as np
import pytest

from p300.domain import Float32s
from p300.errors import P300Error
from p300.serving.http.errors import status_of
from p300.serving.protocols.json_predictions import decode, encode
from p300.serving.protocols.protocol import Request
from p300.serving.service import Answer, Expected, Query
from p300.wire import ModelIdentity, PredictionResponse

GOOD = [0.25] * 12
LAYOUT = "expected 12 = 3 channels x 4 samples"


@pytest.fixture(scope="module")
def expected(expected: Expected) -> Expected:
    return expected._replace(max_epochs=4)


def _features(body: bytes, expected: Expected) -> Float32s:
    return decode(Request("/predict-champion/", {}, "q-1", body), expected).features


def _with(value: object, index: int = 7) -> list[object]:
    return [*GOOD[:index], value, *GOOD[index + 1 :]]


def test_numbers_arrive_as_float32(expected: Expected, epochs: Float32s) -> None:
    one = _features(json.dumps({"features": epochs[0].tolist()}).encode(), expected)
    several = _features(json.dumps({"epochs": epochs[:3].tolist(), "features": None}).encode(), expected)
    np.testing.assert_array_equal(one, epochs[:1])
    np.testing.assert_array_equal(several, epochs[:3])


def test_whole_numbers_and_other_fields_are_fine(expected: Expected) -> None:
    body = json.dumps({"note": "useful", "ok": True, "features": _with(3)}).encode()
    assert _features(body, expected)[0, 7] == 3


def test_the_answer_is_what_the_wire_promises(identity: ModelIdentity) -> None:
    query = Query("champion", np.zeros((3, 12), dtype=np.float32), "q-1")
    response = encode(query, Answer(identity, np.array([0.75, 1e-9, 0.5])))
    answer = PredictionResponse.model_validate_json(response.body)
    assert answer.model == identity
    assert answer.request_id == "q-1"
    assert [(p.label, p.class_name, p.probability_target) for p in answer.predictions] == [
        (2, "Target", 0.75),
        (1, "NonTarget", 1e-9),
        (2, "Target", 0.5),
    ]


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"features": [1, 2, 3]}, 422, f"features has 3 numbers, {LAYOUT}"),
        ({"features": []}, 422, f"features has 0 numbers, {LAYOUT}"),
        ({"features": "abc"}, 422, 'features is "abc", expected a list of numbers'),
        ({"features": {"a": 1}}, 422, "features is an object, expected a list of numbers"),
        ({"features": [GOOD]}, 422, f"features has 1 numbers, {LAYOUT}"),
        ({"features": _with("1.0")}, 422, 'features[7] is "1.0", expected a finite number'),
        ({"features": _with(None)}, 422, "features[7] is null, expected a finite number"),
        ({"features": _with(True)}, 422, "features[7] is true, expected a finite number"),
        ({"features": _with(False, 0)}, 422, "features[0] is false, expected a finite number"),
        ({"features": _with([1])}, 422, "features[7] is a list of 1, expected a finite number"),
        ({"features": _with(float("nan"))}, 422, "features[7] is NaN, expected a finite number"),
        ({"features": _with(float("-inf"))}, 422, "features[7] is -Infinity, expected a finite number"),
        ({"features": _with(1e39)}, 422, "features[7] is 1e+39, which does not fit into a float32"),
        ({"features": _with(10**30), "epochs": [GOOD]}, 422, "both features and epochs are given, expected one"),
        ({"epochs": []}, 422, "epochs is empty, expected at least one epoch"),
        ({"epochs": [GOOD] * 5}, 413, "epochs has 5 epochs, the limit of one request is 4"),
        ({"epochs": "abc"}, 422, 'epochs is "abc", expected a list of lists of numbers'),
        ({"epochs": GOOD[:1]}, 422, "epochs[0] is 0.25, expected a list of numbers"),
        ({"epochs": [GOOD, GOOD[1:]]}, 422, f"epochs[1] has 11 numbers, {LAYOUT}"),
        ({"epochs": [GOOD, _with("x")]}, 422, 'epochs[1][7] is "x", expected a finite number'),
        ({"epochs": [GOOD, _with(float("inf"))]}, 422, "epochs[1][7] is Infinity, expected a finite number"),
        ({}, 422, "neither features nor epochs is given, but nothing"),
        ({"feature": GOOD}, 422, "neither features nor epochs is given, but feature"),
        (GOOD, 400, "the body is a list of 12, expected a JSON object"),
        ("features", 400, 'the body is "features", expected a JSON object'),
    ],
)
def test_errors(expected: Expected, fields: object, status: int, sentence: str) -> None:
    with pytest.raises(P300Error) as refused:
        _features(json.dumps(fields).encode(), expected)
    assert status_of(refused.value) == status
    assert sentence in str(refused.value)


@pytest.mark.parametrize("body", [b"", b"features=1", b'{"features": [1,', b"\xff\xfe", b"[" * 5000, b"\x1f\x8b\x08"])
def test_what_is_not_json(expected: Expected, body: bytes) -> None:
    with pytest.raises(P300Error, match="the body is not JSON: ") as refused:
        _features(body, expected)
    assert status_of(refused.value) == 400


def test_a_number_beyond_any_float_is_named(expected: Expected) -> None:
    body = json.dumps({"features": _with(7)}).replace(" 7,", " 1e400,").encode()
    with pytest.raises(P300Error, match=r"features\[7\] is 1e400, expected a finite number"):
        _features(body, expected)
