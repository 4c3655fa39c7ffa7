"""A service without any model says so, is alive, and documents itself without the internet."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from p300.serving.http.app import make_app
from p300.serving.http.router import Router
from p300.serving.metrics import Metrics
from p300.serving.models.loader import Loader
from p300.serving.service import Service
from tests.shelf import Shelf


@pytest.fixture
def app(shelf: Shelf, metrics: Metrics, cache_dir: Path) -> Router:
    loader = Loader(shelf, ("champion", "challenger"), metrics, cache_dir=cache_dir, poll_s=60)
    loader.followers["champion"].step()
    return make_app(Service(loader.followers, max_epochs=10), metrics, max_body_bytes=1000)


def ask(app: Router, path: str, method: str = "GET") -> httpx.Response:
    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            return await client.request(method, path)

    return asyncio.run(get())


def test_not_ready_until_a_model_is_loaded(app: Router) -> None:
    ready = ask(app, "/health/ready")
    assert ready.status_code == 503
    nothing = {"version": None, "run_id": None, "error": None}
    assert ready.json() == {
        "status": "not ready",
        "models": {"champion": {"state": "empty", **nothing}, "challenger": {"state": "starting", **nothing}},
    }
    assert ask(app, "/v2/health/ready").status_code == 503
    assert ask(app, "/health/live").status_code == 200


def test_head_is_answered_as_get_is(app: Router) -> None:
    for path in ("/health/live", "/health/ready", "/v2/health/live", "/metrics", "/nowhere"):
        assert ask(app, path, "HEAD").status_code == ask(app, path).status_code, path
    assert ask(app, "/predict-champion/", "HEAD").status_code == 405


def test_documentation_needs_no_other_host(app: Router) -> None:
    page = ask(app, "/docs").text
    assert "//" not in page
    addresses = re.findall(r"""(?:src=|href=|url: )["']([^"']+)["']""", page)
    assert "/openapi.json" in addresses
    assert any(address.endswith(".js") for address in addresses)
    for address in addresses:
        assert ask(app, address).status_code == 200, address
    assert ask(app, "/redoc").status_code == 404


def test_each_protocol_is_documented_for_each_alias(app: Router) -> None:
    schema = ask(app, "/openapi.json").json()
    operations = {
        path: methods["post"]["operationId"] for path, methods in schema["paths"].items() if "post" in methods
    }
    assert operations == {
        "/predict-champion/": "predict_champion",
        "/predict-challenger/": "predict_challenger",
        "/v2/models/champion/infer": "infer_champion",
        "/v2/models/challenger/infer": "infer_challenger",
    }
    assert schema["components"]["schemas"]["InputTensor"]["properties"]["shape"]["items"]["minimum"] == 1
