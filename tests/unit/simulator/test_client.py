"""Which route is asked, and what passes for an answer, against real servers that are not ours."""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from p300.errors import InvalidInput, P300Error, Unavailable
from p300.simulator.client import Answer, Endpoint, PredictionClient, VersionId
from p300.simulator.transport import open_session
from p300.wire import JSON_LENGTH_HEADER, infer_path, prediction_path
from tests.tensors import encode_infer_response

Handler = Callable[[web.Request], Awaitable[web.Response]]

FEATURES = np.array([[0.25, 0.5], [1.0, 0.0], [0.125, 0.625]], dtype=np.float32)
SUMS = FEATURES.sum(axis=1) / 2  # what the servers here answer


async def binary(request: web.Request) -> web.Response:
    length = int(request.headers[JSON_LENGTH_HEADER])
    features = np.frombuffer(await request.read(), dtype="<f4", offset=length).reshape(-1, 2)
    return _binary(VERSION_7, features.sum(axis=1) / 2)


async def plain(request: web.Request) -> web.Response:
    epochs = orjson.loads(await request.read())["epochs"]
    return web.json_response(_plain([sum(epoch) / 2 for epoch in epochs]))


VERSION_7 = {"model_version": "7", "parameters": {"run_id": "r"}}


def _binary(header: dict[str, object], probabilities: np.ndarray) -> web.Response:
    headers, body = encode_infer_response(header, probabilities)
    return web.Response(body=body, headers=headers)


def _plain(probabilities: list[float]) -> dict[str, object]:
    predictions = [{"label": 2, "class_name": "Target", "probability_target": p} for p in probabilities]
    model = {"name": "P300-Classifier", "alias": "champion", "version": 7, "run_id": "r"}
    return {"model": model, "predictions": predictions, "request_id": "q"}


def _ask(routes: dict[str, Handler], *, times: int = 1) -> tuple[list[str], list[Answer]]:
    asked: list[str] = []

    def noted(handler: Handler) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            asked.append(request.path)
            return await handler(request)

        return answer

    async def missing(_: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async def ask() -> list[Answer]:
        app = web.Application()
        for path in (infer_path("champion"), prediction_path("champion")):
            app.router.add_post(path, noted(routes.get(path, missing)))
        async with TestServer(app) as server, open_session(connections=1) as session:
            client = PredictionClient(session, Endpoint(str(server.make_url("/")), "champion"), patience_s=0.5)
            return [await client.ask(FEATURES) for _ in range(times)]

    return asked, asyncio.run(ask())


def test_binary_route_is_enough() -> None:
    asked, [answer] = _ask({infer_path("champion"): binary})
    np.testing.assert_array_equal(answer.probabilities, SUMS)
    assert answer.version == VersionId(7, "r")
    assert asked == ["/v2/models/champion/infer"]


def test_server_without_the_binary_route_is_asked_in_json_from_then_on() -> None:
    asked, answers = _ask({prediction_path("champion"): plain}, times=2)
    for answer in answers:
        np.testing.assert_array_equal(answer.probabilities, SUMS)
        assert answer.version == VersionId(7, "r")
    assert asked == ["/v2/models/champion/infer", "/predict-champion/", "/predict-champion/"]


def test_requests_are_small_enough_for_a_proxy() -> None:
    worst = np.float32(-1.1754944e-38)

    async def ask() -> None:
        async with open_session(connections=1) as session:
            client = PredictionClient(session, Endpoint("http://localhost", "champion"))
            assert client.epochs_per_request(1120) == 223
            client._binary = False
            epochs = np.full((client.epochs_per_request(1120), 1120), worst, dtype=np.float32)
            assert len(orjson.dumps({"epochs": epochs}, option=orjson.OPT_SERIALIZE_NUMPY)) < 2**20
            assert client.epochs_per_request(10**9) == 1

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (
            lambda: _binary(VERSION_7, SUMS[:2]),
            "2 probabilities for 3 epochs",
        ),
        (lambda: _binary({}, SUMS), "model_version"),
        (lambda: _binary({"model_version": "7", "parameters": {}}, SUMS), "run_id"),
        (lambda: _binary({"model_version": "newest"}, SUMS), "newest"),
        (lambda: web.Response(text="hello"), "no binary tensor"),
        (lambda: web.Response(text="hello", headers={JSON_LENGTH_HEADER: "5"}), "not with probabilities"),
    ],
)
def test_binary_answers_that_make_no_sense(response: Callable[[], web.Response], reason: str) -> None:
    async def handler(_: web.Request) -> web.Response:
        return response()

    with pytest.raises(Unavailable, match=reason):
        _ask({infer_path("champion"): handler})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [({"hello": 1}, "not with predictions"), (_plain([0.5]), "1 probabilities for 3 epochs")],
)
def test_json_answers_that_make_no_sense(answer: dict[str, object], reason: str) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response(answer)

    with pytest.raises(Unavailable, match=reason):
        _ask({prediction_path("champion"): handler})


def test_neither_route() -> None:
    with pytest.raises(P300Error, match="/predict-champion/ answered 404"):
        _ask({})


@pytest.mark.parametrize("url", ["localhost:8000", "", "ftp://localhost", "http://", "http://a:port", "http://[::1"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(InvalidInput, match="expected one such as http://localhost:8000"):
        Endpoint(url, "champion")


def test_address_may_end_in_a_slash_or_a_path() -> None:
    assert Endpoint("http://host/p300/", "champion").url("/predict-champion/") == "http://host/p300/predict-champion/"
