"""A small model, a shelf to put versions on, and a service that follows it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from p300.domain import Float32s
from p300.registry import ModelVersion
from p300.serving.metrics import Metrics
from p300.serving.models.follower import Follower
from p300.serving.models.last_good import LastGood
from p300.serving.models.predictor import Predictor
from p300.serving.service import Expected, Service
from p300.wire import ModelIdentity
from tests.shelf import Shelf

N_CHANNELS, N_TIMES = 3, 4
N_FEATURES = N_CHANNELS * N_TIMES
CHANNELS = ("Cz", "Pz", "Oz")
MAX_EPOCHS = 250

Register = Callable[..., ModelVersion]


@pytest.fixture(scope="session")
def epochs() -> Float32s:
    """Two hundred epochs in volts; the first half of them targets."""
    rng = np.random.default_rng(3)
    features = rng.standard_normal((200, N_FEATURES)) * 1e-5
    features[:100, 5:8] += 5e-6
    return features.astype(np.float32)


@pytest.fixture(scope="session")
def labels() -> np.ndarray:
    return np.repeat([2, 1], 100)


@pytest.fixture(scope="session")
def pipeline(epochs: Float32s, labels: np.ndarray) -> ClassifierMixin:
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    return make_pipeline(StandardScaler(), lda).fit(epochs, labels)


@pytest.fixture(scope="session")
def identity() -> ModelIdentity:
    return ModelIdentity(name="P300-Classifier", alias="champion", version=3, run_id="5f2d")


@pytest.fixture(scope="session")
def predictor(pipeline: ClassifierMixin, identity: ModelIdentity) -> Predictor:
    return Predictor.prepare(pipeline, identity, n_channels=N_CHANNELS)


@pytest.fixture(scope="session")
def expected(predictor: Predictor) -> Expected:
    return Expected("champion", predictor.n_features, predictor.layout, MAX_EPOCHS)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def register(shelf: Shelf, epochs: Float32s) -> Register:
    """Put an estimator on the shelf as the next version, and the champion's alias on it."""

    def register(estimator: ClassifierMixin, example: Float32s = epochs[:2]) -> ModelVersion:
        return shelf.register(estimator, example, channels=CHANNELS)

    return register


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def followers(
    shelf: Shelf, register: Register, pipeline: ClassifierMixin, cache_dir: Path, metrics: Metrics
) -> Mapping[str, Follower]:
    """Version 1 of the shelf is champion; there is no challenger."""
    register(pipeline)
    followers = {
        alias: Follower(alias, shelf, LastGood(cache_dir / alias), metrics, poll_s=60)
        for alias in ("champion", "challenger")
    }
    for follower in followers.values():
        follower.step()
    return followers


@pytest.fixture
def service(followers: Mapping[str, Follower]) -> Iterator[Service]:
    service = Service(followers, max_epochs=MAX_EPOCHS)
    yield service
    service.close()
