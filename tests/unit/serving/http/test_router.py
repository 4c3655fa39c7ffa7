"""Who answers a request, and what happens to faults of our own and to everything that is no prediction endpoint."""

import asyncio
import logging

import httpx
import numpy as np
import pytest

from p300.serving.http.asgi import Receive, Scope, Send
from p300.serving.http.router import Endpoint, Router
from p300.serving.metrics import Metrics
from p300.serving.protocols.protocol import Protocol, Request, Response
from p300.serving.service import Answer, Expected, Query, Service


async def _behind(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/broken":
        raise ZeroDivisionError("secret")
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _decode(request: Request, expected: Expected) -> Query:
    if request.body == b"fail":
        raise ZeroDivisionError("secret")
    return Query(expected.alias, np.zeros((2, expected.n_features), dtype=np.float32), request.request_id)


def _encode(query: Query, answer: Answer) -> Response:
    return Response(f"version {answer.model.version} under {query.alias}".encode())


def _choose(request: Request) -> str:
    """As a traffic split does: by what stands in a header, else the same for all."""
    return request.headers.get(b"x-arm", b"champion").decode()


def _ask(
    service: Service, metrics: Metrics, path: str, content: bytes = b"", headers: dict[str, str] | None = None
) -> httpx.Response:
    endpoint = Endpoint(Protocol("predict", str, _decode, _encode), _choose)
    router = Router(_behind, service, {"/predict": endpoint}, metrics, max_body_bytes=100)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(router), base_url="http://here") as client:
            return await client.post(path, content=content, headers={"x-request-id": "q-1", **(headers or {})})

    return asyncio.run(ask())


def test_endpoints_are_answered_and_the_rest_is_passed_on(service: Service, metrics: Metrics) -> None:
    answered = _ask(service, metrics, "/predict", b"body")
    assert (answered.status_code, answered.text) == (200, "version 1 under champion")
    passed_on = _ask(service, metrics, "/elsewhere")
    assert passed_on.status_code == 204
    assert answered.headers["x-request-id"] == passed_on.headers["x-request-id"] == "q-1"
    count = metrics.collection.get_sample_value
    assert count("p300_requests_total", {"alias": "champion", "route": "predict", "status": "200"}) == 1
    assert count("p300_requests_total", {"alias": "", "route": "other", "status": "204"}) == 1
    assert count("p300_epochs_total", {"alias": "champion", "route": "predict"}) == 2


def test_who_answers_is_chosen_for_each_request_and_counted(service: Service, metrics: Metrics) -> None:
    assert _ask(service, metrics, "/predict").status_code == 200
    refused = _ask(service, metrics, "/predict", headers={"x-arm": "challenger"})
    assert refused.status_code == 503
    assert "no model answers for challenger" in refused.json()["error"]
    count = metrics.collection.get_sample_value
    assert count("p300_requests_total", {"alias": "champion", "route": "predict", "status": "200"}) == 1
    assert count("p300_requests_total", {"alias": "challenger", "route": "predict", "status": "503"}) == 1


def test_a_compressed_body_is_refused_in_words(service: Service, metrics: Metrics) -> None:
    refused = _ask(service, metrics, "/predict", b"\x1f\x8b\x08", {"content-encoding": "gzip"})
    assert refused.status_code == 415
    assert refused.json()["error"] == "content-encoding 'gzip' is not taken: send the body as it is, uncompressed"
    assert refused.headers["accept-encoding"] == "identity"
    assert _ask(service, metrics, "/predict", b"body", {"content-encoding": "Identity"}).status_code == 200


@pytest.mark.parametrize(("path", "content"), [("/predict", b"fail"), ("/broken", b"")])
def test_a_fault_is_logged_and_not_shown(
    service: Service, metrics: Metrics, path: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = _ask(service, metrics, path, content)
    assert response.status_code == 500
    assert response.json() == {
        "error": "something went wrong on our side; the server's log says what, under this request id",
        "request_id": "q-1",
    }
    assert "ZeroDivisionError: secret" in caplog.text
    assert "q-1" in caplog.text
