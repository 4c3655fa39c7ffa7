"""A protocol of forty lines is served like the others: chosen, limited, worded, counted."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from p300.domain import CHAMPION, Float32s
from p300.serving.http.app import make_app
from p300.serving.metrics import Metrics
from p300.serving.models.loader import Loader
from p300.serving.protocols import PROTOCOLS
from p300.serving.service import Service
from tests.examples.csv_protocol import CSV
from tests.shelf import Shelf

LONGEST_EXAMPLE = 40

Post = Callable[[bytes], httpx.Response]


@pytest.fixture(scope="module")
def epochs() -> Float32s:
    return np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def estimator(epochs: Float32s) -> ClassifierMixin:
    return LinearDiscriminantAnalysis(solver="lsqr").fit(epochs, [1, 2, 1, 2, 1, 2])


@pytest.fixture
def post(tmp_path: Path, estimator: ClassifierMixin, epochs: Float32s) -> Iterator[Post]:
    """Posts to the address of the new protocol; its one registration is the last name in `protocols`."""
    shelf = Shelf(tmp_path / "shelf")
    shelf.register(estimator, epochs[:2], channels=("Cz", "Pz"))
    metrics = Metrics()
    loader = Loader(shelf, [CHAMPION], metrics, cache_dir=tmp_path / "cache", poll_s=60)
    loader.followers[CHAMPION].step()
    service = Service(loader.followers, max_epochs=10)
    app = make_app(service, metrics, max_body_bytes=1000, protocols=(*PROTOCOLS, CSV))

    async def ask(body: bytes) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            return await client.post(CSV.path(CHAMPION), content=body)

    yield lambda body: asyncio.run(ask(body))
    counted = {"alias": CHAMPION, "route": "csv", "status": "200"}
    assert metrics.collection.get_sample_value("p300_requests_total", counted) is not None
    service.close()


def test_it_answers_what_the_estimator_says(post: Post, estimator: ClassifierMixin, epochs: Float32s) -> None:
    answer = post("\n".join(",".join(map(str, epoch)) for epoch in epochs).encode())
    assert answer.status_code == 200
    np.testing.assert_allclose(
        np.array(answer.text.split(), dtype=float), estimator.predict_proba(epochs)[:, 1], atol=1e-6
    )


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"1,2,x,4", 400, "the body is not CSV"),
        (b"1,2,3", 422, "the lines have [3] numbers, expected 4 = 2 channels x 2 samples"),
        (b"1,2,nan,4", 422, "features[0][2] is nan, expected a finite number"),
        (b"1" * 2000, 413, "the body has 2000 bytes, the limit is 1000"),
    ],
)
def test_what_it_refuses_looks_like_every_error(post: Post, body: bytes, status: int, sentence: str) -> None:
    answer = post(body)
    assert answer.status_code == status
    assert sentence in answer.json()["error"]
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_it_is_small() -> None:
    assert len(Path(__file__).with_name("csv_protocol.py").read_text().splitlines()) <= LONGEST_EXAMPLE
