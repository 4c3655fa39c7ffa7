"""What happens to faults of our own, and to everything that is no prediction route."""

import asyncio
import logging

import httpx
import pytest

from p300.serving.exchange import Question, Receive, Reply, Scope, Send
from p300.serving.front import Front, Route
from p300.serving.metrics import Metrics
from p300.serving.predictor import Predictor


async def _behind(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/broken":
        raise ZeroDivisionError("secret")
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _echo(_: Predictor, question: Question) -> Reply:
    if question.body == b"fail":
        raise ZeroDivisionError("secret")
    return Reply(200, question.body, n_epochs=2)


def _ask(predictor: Predictor, metrics: Metrics, path: str, content: bytes = b"") -> httpx.Response:
    route = Route(lambda: predictor, _echo, metrics.meter("champion", "predict"))
    front = Front(_behind, {"/predict": route}, metrics.meter("", "other"), max_body_bytes=100)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://here") as client:
            return await client.post(path, content=content, headers={"x-request-id": "q-1"})

    return asyncio.run(ask())


def test_routes_are_answered_and_the_rest_is_passed_on(predictor: Predictor) -> None:
    metrics = Metrics()
    answered = _ask(predictor, metrics, "/predict", b"body")
    assert (answered.status_code, answered.content) == (200, b"body")
    passed_on = _ask(predictor, metrics, "/elsewhere")
    assert passed_on.status_code == 204
    assert answered.headers["x-request-id"] == passed_on.headers["x-request-id"] == "q-1"
    count = metrics.collection.get_sample_value
    assert count("p300_requests_total", {"alias": "champion", "route": "predict", "status": "200"}) == 1
    assert count("p300_requests_total", {"alias": "", "route": "other", "status": "204"}) == 1
    assert count("p300_epochs_total", {"alias": "champion", "route": "predict"}) == 2


@pytest.mark.parametrize(("path", "content"), [("/predict", b"fail"), ("/broken", b"")])
def test_a_fault_is_logged_and_not_shown(
    predictor: Predictor, path: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = _ask(predictor, Metrics(), path, content)
    assert response.status_code == 500
    assert response.json() == {
        "error": "something went wrong on our side; the server's log says what, under this request id",
        "request_id": "q-1",
    }
    assert "ZeroDivisionError: secret" in caplog.text
    assert "q-1" in caplog.text
