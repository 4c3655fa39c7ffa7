"""Every kind of error has a status."""

import json

import pytest

from p300 import errors
from p300.errors import P300Error
from p300.serving.http.errors import MethodNotAllowed, UnknownPath, error_response, status_of
from p300.serving.models.follower import NoModel
from p300.serving.protocols.protocol import Malformed


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Malformed("x"), 400),
        (errors.NotFound("x"), 404),
        (UnknownPath("/x"), 404),
        (MethodNotAllowed("GET", "/x", "POST"), 405),
        (errors.Refused("x"), 409),
        (errors.PayloadTooLarge("x"), 413),
        (errors.InvalidInput("x"), 422),
        (errors.InvalidRecording("x"), 422),
        (errors.P300Error("x"), 500),
        (errors.Unavailable("x"), 503),
        (NoModel("champion", "x"), 503),
    ],
)
def test_status_is_that_of_the_nearest_kind(error: P300Error, status: int) -> None:
    assert status_of(error) == status
    response = error_response(error, "q-1")
    assert json.loads(response.body) == {"error": str(error), "request_id": "q-1"}
    headers = dict(response.headers)
    assert (b"retry-after" in headers) == (status == 503)
    assert (b"allow" in headers) == (status == 405)
