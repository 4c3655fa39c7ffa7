"""Whole subjects through a real server that answers with each epoch's first feature."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from p300.domain import FeatureTable, SubjectId
from p300.errors import InvalidInput, P300Error, Refused, Unavailable
from p300.model.answers import Missed
from p300.simulator import replay as replay_module
from p300.simulator.client import Endpoint, VersionId
from p300.simulator.replay import replay
from p300.wire import JSON_LENGTH_HEADER, infer_path
from tests.builders import make_table
from tests.tensors import encode_infer_response

N_FEATURES = 50_000  # five epochs a request


@dataclass
class Server:
    """Answers its nth request with the version that `version_at` gives for n."""

    version_at: Callable[[int], int]
    run_id: str = "run"
    sizes: list[int] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    async def infer(self, request: web.Request) -> web.Response:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        length = int(request.headers[JSON_LENGTH_HEADER])
        features = np.frombuffer(await request.read(), dtype="<f4", offset=length).reshape(-1, N_FEATURES)
        version = self.version_at(len(self.sizes))
        self.sizes.append(len(features))
        await asyncio.sleep(0.01)
        self.under_way -= 1
        identity = {"model_version": str(version), "parameters": {"run_id": self.run_id}}
        headers, body = encode_infer_response(identity, features[:, 0])
        return web.Response(body=body, headers=headers)


@contextlib.contextmanager
def _running(server: Server) -> Iterator[Endpoint]:
    loop = asyncio.new_event_loop()
    app = web.Application(client_max_size=2**20)
    app.router.add_post(infer_path("champion"), server.infer)
    test_server = TestServer(app)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(test_server.start_server(), loop).result()
        yield Endpoint(str(test_server.make_url("/")), "champion")
    finally:
        asyncio.run_coroutine_threadsafe(test_server.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _table(subject: int, n_epochs: int) -> FeatureTable:
    features = np.zeros((n_epochs, N_FEATURES), dtype=np.float32)
    features[:, 0] = subject / 10 + np.arange(n_epochs) / 1000
    labels = np.where(np.arange(n_epochs) % 6 == 0, 2, 1).astype(np.int8)
    return make_table(
        features, labels, channel_names=("Cz",), n_flashes=n_epochs + 2, n_target_flashes=int((labels == 2).sum())
    )


TABLES = {SubjectId(3): _table(3, 13), SubjectId(5): _table(5, 5), SubjectId(8): _table(8, 41)}


def test_each_subject_gets_its_own_answers_in_order() -> None:
    progress: list[int] = []
    asked: list[int] = []
    with _running(Server(lambda _n: 4)) as endpoint:
        replays = replay(endpoint, TABLES, VersionId(4, "run"), on_batch=progress.append, on_subject=asked.append)
    assert list(replays) == [3, 5, 8]
    for subject, table in TABLES.items():
        np.testing.assert_array_equal(replays[subject].probabilities, table.features[:, 0])
        np.testing.assert_array_equal(replays[subject].targets, table.targets)
        assert replays[subject].flashes.missed == Missed(n_targets=0, n_nontargets=2)
    assert sum(progress) == 13 + 5 + 41
    assert asked == [3, 5, 8]


def test_several_requests_are_under_way_but_never_many() -> None:
    server = Server(lambda _n: 4)
    with _running(server) as endpoint:
        replay(endpoint, TABLES, VersionId(4, "run"))
    assert sorted(server.sizes) == sorted([1, 5, 5, 3, 5, *[5] * 8, 1])
    assert 2 <= server.most_under_way <= replay_module.CONCURRENCY


def test_version_that_comes_in_between_spoils_the_replay() -> None:
    swapped = pytest.raises(Refused, match="champion was version 3 and then version 4 .* run it again")
    with _running(Server(lambda n: 3 if n < 4 else 4)) as endpoint, swapped:
        replay(endpoint, TABLES, VersionId(3, "run"))


def test_version_of_the_same_number_and_another_run_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_module, "SETTLE_S", 0.1)
    ghost = pytest.raises(Unavailable, match="with version 4 of run old, though MLflow has had version 4 of run run")
    with _running(Server(lambda _n: 4, run_id="old")) as endpoint, ghost:
        replay(endpoint, TABLES, VersionId(4, "run"))


def test_server_may_take_its_time_to_follow_the_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(lambda n: 3 if n < 2 else 4)
    monkeypatch.setattr(replay_module, "SETTLE_POLL_S", 0.01)
    with _running(server) as endpoint:
        replays = replay(endpoint, TABLES, VersionId(4, "run"))
    assert server.sizes[:3] == [1, 1, 1]
    np.testing.assert_array_equal(replays[SubjectId(5)].probabilities, TABLES[SubjectId(5)].features[:, 0])


def test_server_that_stays_on_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_module, "SETTLE_S", 0.1)
    with _running(Server(lambda _n: 3)) as endpoint, pytest.raises(Unavailable, match="version 3, though .* version 4"):
        replay(endpoint, TABLES, VersionId(4, "run"))


def test_table_that_cannot_be_read_stops_it_at_once() -> None:
    class Broken(dict[SubjectId, FeatureTable]):
        def __getitem__(self, subject: SubjectId) -> FeatureTable:
            if subject == 5:
                raise InvalidInput("subject_05: this is no feature table")
            return super().__getitem__(subject)

    server = Server(lambda _n: 4)
    with _running(server) as endpoint, pytest.raises(P300Error, match="subject_05"):
        replay(endpoint, Broken(TABLES), VersionId(4, "run"))
    assert sum(server.sizes) <= 1 + 13


def test_subject_without_epochs_is_named() -> None:
    with _running(Server(lambda _n: 4)) as endpoint, pytest.raises(InvalidInput, match="subject_04 has no epochs"):
        replay(endpoint, {SubjectId(3): TABLES[SubjectId(3)], SubjectId(4): _table(4, 0)}, VersionId(4, "run"))
