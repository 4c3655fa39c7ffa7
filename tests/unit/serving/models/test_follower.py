"""A follower of a shelf: what it swaps in, what it keeps, and what it says of it."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from p300.domain import Float32s
from p300.registry import ModelVersion
from p300.serving.metrics import Metrics
from p300.serving.models.follower import Follower, NoModel
from p300.serving.models.last_good import LastGood
from tests.shelf import Shelf

LONG_S = 60.0

Register = Callable[..., ModelVersion]
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


def test_version_that_fails_on_its_own_example_does_not_go_live(
    shelf: Shelf, register: Register, start: Start, pipeline: ClassifierMixin, epochs: Float32s, labels: np.ndarray
) -> None:
    follower = start()
    register(pipeline)
    follower.step()
    squares = make_pipeline(PolynomialFeatures(2), LogisticRegression()).fit(epochs, labels)
    register(squares, epochs[:2])
    follower.step()
    assert follower.predictor().identity.version == 2
    register(squares, epochs[:2])
    example = [[1e30] * 12]  # its squares are infinite
    (shelf.folder / "3" / "input_example.json").write_text(json.dumps(example))
    with np.errstate(over="ignore"):
        follower.step()
    assert follower.predictor().identity.version == 2
    error = follower.status().error
    assert error is not None
    assert "version 3 does not load (tried 1 times): Input X contains infinity" in error


def test_version_with_another_number_of_features_is_refused_while_one_serves(
    shelf: Shelf, register: Register, start: Start, pipeline: ClassifierMixin, epochs: Float32s, labels: np.ndarray
) -> None:
    follower = start(poll_s=0.001)
    register(pipeline)
    follower.step()
    narrow = clone(pipeline).fit(epochs[:, :9], labels)
    register(narrow, epochs[:2, :9])
    for _ in range(2):
        follower.step()
        time.sleep(0.01)
    assert follower.predictor().identity.version == 1
    error = follower.status().error
    assert error is not None
    assert "version 2 is not put in service: it takes 9 = 3 channels x 3 samples features" in error
    assert "version 1 in service takes 12 = 3 channels x 4 samples" in error
    anew = start()
    anew.step()
    assert anew.predictor().n_features == 9
    del shelf.aliases["champion"]
    follower.step()
    shelf.aliases["champion"] = 2
    follower.step()
    assert follower.predictor().n_features == 9
    assert follower.status().error is None


def test_alias_on_a_version_that_is_not_there_leaves_the_last_good_one(
    shelf: Shelf, register: Register, start: Start, pipeline: ClassifierMixin, metrics: Metrics
) -> None:
    follower = start()
    register(pipeline)
    follower.step()
    shelf.aliases["champion"] = 7
    follower.step()
    restarted = start()
    restarted.step()
    for each in (follower, restarted):
        status = each.status()
        assert (status.state, status.version) == ("serving", 1)
        assert status.error == "cannot follow the alias: version 7 is not on the shelf"
    assert _counted(metrics, "p300_registry_up") == 1


def test_disk_that_takes_nothing_keeps_no_version_from_serving(
    shelf: Shelf, register: Register, pipeline: ClassifierMixin, metrics: Metrics, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    follower = Follower("champion", shelf, LastGood(tmp_path / "file" / "cache"), metrics, poll_s=LONG_S)
    for n_versions in (1, 2):
        register(pipeline)
        follower.step()
        assert follower.predictor().identity.version == n_versions
    del shelf.aliases["champion"]
    follower.step()
    assert follower.status().state == "empty"
    register(pipeline)
    follower.step()
    assert follower.predictor().identity.version == 3


def test_nothing_that_a_registry_does_ends_the_thread(
    shelf: Shelf, register: Register, start: Start, pipeline: ClassifierMixin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk shows itself anywhere, also where only names are asked for."""
    follower = start()
    register(pipeline)
    follower.step()
    shelf.aliases["champion"] = "x"  # type: ignore[assignment]  # no number of a version
    follower.step()
    assert follower.predictor().identity.version == 1
    assert follower.status().error is not None
