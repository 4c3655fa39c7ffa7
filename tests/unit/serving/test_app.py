"""A service without any model says so, is alive, and documents itself without the internet."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from p300.registry import Registry
from p300.serving.app import make_app
from p300.serving.front import Front
from p300.serving.loader import Loader
from p300.serving.metrics import Metrics


@pytest.fixture
def app(registry: Registry, cache_dir: Path) -> Front:
    metrics = Metrics()
    loader = Loader(registry, ("champion", "challenger"), metrics, cache_dir=cache_dir, poll_s=60)
    loader.followers["champion"].step()
    return make_app(loader, metrics, max_epochs=10, max_body_bytes=1000)


def ask(app: Front, path: str) -> httpx.Response:
    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            return await client.get(path)

    return asyncio.run(get())


def test_not_ready_until_a_model_is_loaded(app: Front) -> None:
    ready = ask(app, "/health/ready")
    assert ready.status_code == 503
    nothing = {"version": None, "run_id": None, "error": None}
    assert ready.json() == {
        "status": "not ready",
        "models": {"champion": {"state": "empty", **nothing}, "challenger": {"state": "starting", **nothing}},
    }
    assert ask(app, "/v2/health/ready").status_code == 503
    assert ask(app, "/health/live").status_code == 200


def test_documentation_needs_no_other_host(app: Front) -> None:
    page = ask(app, "/docs").text
    assert "//" not in page
    addresses = re.findall(r"""(?:src=|href=|url: )["']([^"']+)["']""", page)
    assert "/openapi.json" in addresses
    assert any(address.endswith(".js") for address in addresses)
    for address in addresses:
        assert ask(app, address).status_code == 200, address
    assert ask(app, "/redoc").status_code == 404
