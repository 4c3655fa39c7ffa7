"""A small model, and a registry to put versions into."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from p300.domain import Float32s
from p300.domain.recipe import Recipe
from p300.registry import ModelCard, ModelVersion, Registry, TrainedModel
from p300.serving.predictor import Predictor
from p300.wire import ModelIdentity

N_CHANNELS, N_TIMES = 3, 4
N_FEATURES = N_CHANNELS * N_TIMES
CHANNELS = ("Cz", "Pz", "Oz")

Register = Callable[..., ModelVersion]


def pytest_configure(config: pytest.Config) -> None:
    # MLflow 3.17 uses what SQLAlchemy 2.1 deprecates when it opens a database, and when it is imported it
    # warns of its own type hints, which it hides from users but not from a strict test.
    config.addinivalue_line("filterwarnings", "ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")
    config.addinivalue_line("filterwarnings", "ignore:.*Any type hint is inferred as AnyType:UserWarning")


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
def tracking_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('registry')}/mlflow.db"


@pytest.fixture
def registry(tracking_uri: str, request: pytest.FixtureRequest) -> Registry:
    """A registry with a model of the test's own."""
    return Registry(tracking_uri, model_name=request.node.name)


@pytest.fixture
def register(registry: Registry, epochs: Float32s) -> Register:
    """Register an estimator as the next version, and put the champion's alias on it."""

    def register(estimator: ClassifierMixin) -> ModelVersion:
        card = ModelCard((), Recipe().to_json(), CHANNELS)
        with registry.start_run("training", kind="training") as run:
            version = registry.register(run, TrainedModel(estimator, card, epochs[:2], {}, {}))
        registry.set_alias("champion", version.version)
        return version

    return register


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache"
