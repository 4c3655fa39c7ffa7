"""The servers that are measured: ours, the peers and the floor, each a process of its own on a free port.

All answer with one model. Ours takes it from a registry in a world of its own, a temporary folder; the others take
its folder.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import requests
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tenacity import retry, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from benchmarks.load import HOST
from benchmarks.serving_peers import MODEL_FOLDER
from p300.domain import CHAMPION, Float32s, Label
from p300.domain.recipe import Recipe
from p300.registry import ModelCard, Registry, TrainedModel
from p300.serving.process import served
from p300.settings import RegistrySettings, ServingSettings

ROOT = Path(__file__).resolve().parents[1]
N_CHANNELS, N_TIMES = 16, 70
START_S = 120.0
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def epochs_of_noise(n_epochs: int) -> Float32s:
    """Features as the model takes them, in volts, shape (n_epochs, 1120)."""
    noise = np.random.default_rng(1).standard_normal((n_epochs, N_CHANNELS * N_TIMES))
    return (noise * 1e-5).astype(np.float32)


def register_champion(world: Path) -> Path:
    """Register a fitted pipeline as champion; return its model folder."""
    features = epochs_of_noise(400)
    labels = np.where(np.arange(len(features)) % 6 == 0, Label.Target, Label.NonTarget)
    features[labels == Label.Target] += 2e-6
    pipeline = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))
    pipeline.fit(features, labels)
    card = ModelCard((), Recipe(), tuple(f"ch{number}" for number in range(N_CHANNELS)))
    registry = Registry(_tracking_uri(world))
    with registry.start_run("benchmark", kind="training") as run:
        version = registry.register(run, TrainedModel(pipeline, card, features[:2]))
    registry.set_alias(CHAMPION, version.version)
    return registry.download(version, world / "model")


@contextmanager
def ours(world: Path) -> Iterator[int]:
    """The service with the champion of this world; gives the port, as all of these do."""
    registry = RegistrySettings(mlflow_tracking_uri=_tracking_uri(world))
    serving = ServingSettings(cache_dir=world / "cache", host=HOST, served_aliases=(CHAMPION,))
    with served(registry, serving, world / "serve.log") as address:
        _await_ready(f"{address}/health/ready")
        port = urlsplit(address).port
        assert port is not None
        yield port


def floor(model: Path) -> AbstractContextManager[int]:
    return _uvicorn(model, "benchmarks.serving_peers:floor", "--factory")


def plain_fastapi(model: Path) -> AbstractContextManager[int]:
    return _uvicorn(model, "benchmarks.serving_peers:plain_fastapi", "--factory")


def mlflow_models_serve(model: Path) -> AbstractContextManager[int]:
    """What ``mlflow models serve`` starts."""
    return _uvicorn(model, "mlflow.pyfunc.scoring_server.app:app")


@contextmanager
def _uvicorn(model: Path, app: str, *options: str) -> Iterator[int]:
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", app, *options, "--host", HOST, "--port", str(port)]
    command += ["--no-access-log", "--log-level", "critical"]
    environment = os.environ | ONE_THREAD | {MODEL_FOLDER: str(model), "__pyfunc_model_path__": str(model)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            _await_ready(f"http://{HOST}:{port}/")
            yield port
        finally:
            process.terminate()


@retry(
    retry=retry_if_exception_type(requests.RequestException) | retry_if_result(lambda status: status == 503),
    wait=wait_fixed(0.1),
    stop=stop_after_delay(START_S),
)
def _await_ready(url: str) -> int:
    """Any status but 503 says that the server runs, if only that nothing is at this path."""
    return requests.get(url, timeout=2).status_code


def _tracking_uri(world: Path) -> str:
    return f"sqlite:///{world}/mlflow.db"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
