"""A service without any model says so, and is alive."""

import asyncio
from pathlib import Path

import httpx

from p300.registry import Registry
from p300.serving.app import make_app
from p300.serving.loader import Loader
from p300.serving.metrics import Metrics


def test_not_ready_until_a_model_is_loaded(registry: Registry, cache_dir: Path) -> None:
    metrics = Metrics()
    loader = Loader(registry, ("champion", "challenger"), metrics, cache_dir=cache_dir, poll_s=60)
    loader.followers["champion"].step()
    app = make_app(loader, metrics, max_epochs=10, max_body_bytes=1000)

    async def ask(path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            return await client.get(path)

    ready = asyncio.run(ask("/health/ready"))
    assert ready.status_code == 503
    nothing = {"version": None, "run_id": None, "error": None}
    assert ready.json() == {
        "status": "not ready",
        "models": {"champion": {"state": "empty", **nothing}, "challenger": {"state": "starting", **nothing}},
    }
    assert asyncio.run(ask("/v2/health/ready")).status_code == 503
    assert asyncio.run(ask("/health/live")).status_code == 200
