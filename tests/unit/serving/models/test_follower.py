"""A follower of a shelf: what it swaps in, what it keeps, and what it says of it."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import ClassifierMixin, clone

from p300.domain import Float32s
from p300.registry import ModelVersion
from p300.serving.metrics import Metrics
from p300.serving.models.follower import Follower, NoModel
from p300.serving.models.last_good import LastGood
from tests.shelf import Shelf

LONG_S = 60.0

Register = Callable[[ClassifierMixin], ModelVersion]
Start = Callable[..., Follower]


@pytest.fixture
def start(shelf: Shelf, cache_dir: Path, metrics: Metrics) -> Start:
    """A follower of the champion as a process that starts has it: what is on disk is all that it knows."""

    def start(*, poll_s: float = LONG_S) -> Follower:
        return Follower("champion", shelf, LastGood(cache_dir), metrics, poll_s=poll_s)

    return start


def _counted(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.collection.get_sample_value(name, {"alias": "champion", **labels})


def _folders(cache_dir: Path) -> list[str]:
    return [folder.name for folder in cache_dir.glob("version-*")]


@pytest.fixture
def broken(pipeline: ClassifierMixin, epochs: Float32s, labels: np.ndarray) -> ClassifierMixin:
    """An estimator that the registry takes and that is no classifier of NonTarget and Target."""
    return clone(pipeline).fit(epochs, labels - 1)


def test_alias_is_followed_and_requests_under_way_keep_their_version(
    register: Register, start: Start, pipeline: ClassifierMixin, cache_dir: Path, metrics: Metrics
) -> None:
    follower = start()
    first = register(pipeline)
    follower.step()
    under_way = follower.predictor()
    assert under_way.identity.version == first.version
    assert under_way.layout == "12 = 3 channels x 4 samples"
    second = register(pipeline)
    follower.step()
    assert follower.predictor().identity.run_id == second.run_id
    assert under_way.identity.run_id == first.run_id
    assert _counted(metrics, "p300_model_swaps_total") == 2
    assert _counted(metrics, "p300_model_info", version="1", run_id=first.run_id) is None
    assert _counted(metrics, "p300_model_info", version="2", run_id=second.run_id) == 1
    assert len(_folders(cache_dir)) == 1


def test_version_that_does_not_load_leaves_the_old_one(
    shelf: Shelf, register: Register, start: Start, pipeline: ClassifierMixin, broken: ClassifierMixin, metrics: Metrics
) -> None:
    follower = start()
    register(pipeline)
    follower.step()
    register(broken)
    for _ in range(3):  # it is not tried again at once
        follower.step()
    assert follower.predictor().identity.version == 1
    status = follower.status()
    assert (status.state, status.version) == ("serving", 1)
    assert status.error is not None
    assert "version 2 does not load (tried 1 times): the model's classes are [0 1]" in status.error
    assert _counted(metrics, "p300_model_load_failures_total") == 1
    shelf.aliases["champion"] = 1
    follower.step()
    assert follower.status().error is None


def test_version_that_did_not_load_is_tried_again_later(
    register: Register, start: Start, broken: ClassifierMixin, metrics: Metrics
) -> None:
    follower = start(poll_s=0.01)
    register(broken)
    follower.step()
    time.sleep(0.03)
    follower.step()
    assert _counted(metrics, "p300_model_load_failures_total") == 2
    with pytest.raises(NoModel, match="no model answers for champion: version 1 does not load"):
        follower.predictor()


def test_alias_that_is_taken_away_is_not_answered_for_nor_remembered(
    shelf: Shelf, register: Register, start: Start, pipeline: ClassifierMixin, cache_dir: Path
) -> None:
    follower = start()
    register(pipeline)
    follower.step()
    del shelf.aliases["champion"]
    follower.step()
    with pytest.raises(NoModel, match="no model answers for champion: no version has that alias; give it to one"):
        follower.predictor()
    assert follower.status().state == "empty"
    assert _folders(cache_dir) == []
    restarted = start()
    restarted.fall_back()
    assert restarted.status().state == "starting"


def test_version_in_service_stays_while_the_registry_is_away(
    shelf: Shelf, register: Register, start: Start, pipeline: ClassifierMixin
) -> None:
    follower = start()
    register(pipeline)
    follower.step()
    shelf.is_away = True
    follower.step()
    assert follower.predictor().identity.version == 1


def test_last_good_version_serves_while_the_registry_is_away(
    shelf: Shelf, register: Register, start: Start, pipeline: ClassifierMixin, metrics: Metrics, epochs: Float32s
) -> None:
    register(pipeline)
    start().step()
    shelf.is_away = True
    restarted = start()
    restarted.step()
    probabilities = restarted.predictor().probabilities(epochs)
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(epochs)[:, 1], atol=1e-6)
    status = restarted.status()
    assert status.state == "serving"
    assert status.error is not None
    assert "cannot ask the registry: the shelf is away" in status.error
    assert _counted(metrics, "p300_registry_up") == 0


def test_damaged_copy_is_brought_anew(
    register: Register, start: Start, pipeline: ClassifierMixin, cache_dir: Path
) -> None:
    register(pipeline)
    start().step()
    [copy] = cache_dir.glob("version-*/model.skops")
    copy.write_bytes(copy.read_bytes()[:100])
    restarted = start(poll_s=0.001)
    restarted.fall_back()
    assert restarted.status().state == "starting"
    restarted.step()
    time.sleep(0.01)
    restarted.step()
    assert restarted.predictor().identity.version == 1
    assert restarted.status().error is None


def test_first_version_is_waited_for(register: Register, start: Start, pipeline: ClassifierMixin) -> None:
    follower = start()
    with pytest.raises(NoModel, match="the service is starting"):
        follower.predictor()
    follower.step()
    with pytest.raises(NoModel, match="no version has that alias"):
        follower.predictor()
    register(pipeline)
    follower.step()
    assert follower.predictor().identity.version == 1
