"""When a starting service accepts connections."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from p300.domain import CHAMPION
from p300.domain.recipe import Recipe
from p300.registry import ModelCard, Registry, TrainedModel
from p300.serving.server import bind, make_server
from p300.settings import ServingSettings
from tests.integration.service import PATIENCE_S, SCRIPT, service_process
from tests.ports import free_port


def test_a_patient_start_accepts_no_connection_before_it_can_answer(tmp_path: Path) -> None:
    features = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    estimator = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()).fit(features, np.repeat([1, 2], 20))
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    with registry.start_run("training", kind="training") as run:
        card = ModelCard((), Recipe(), ("Cz", "Pz"))
        version = registry.register(run, TrainedModel(estimator, card, features[:2]))
    registry.set_alias(CHAMPION, version.version)
    patient = service_process(registry.tracking_uri, tmp_path / "cache", tmp_path / "log", P300_START_WAIT_S="60")
    with patient as (_, port):
        first = httpx.post(f"http://127.0.0.1:{port}/predict-champion/", json={"features": features[0].tolist()})
    assert first.status_code == 200


def test_a_patient_start_ends_when_told_to(tmp_path: Path) -> None:
    """MLflow accepts connections and never answers."""
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "P300_CACHE_DIR": str(tmp_path / "cache"),
            "P300_START_WAIT_S": "600",
            "P300_PORT": str(port),
        }
        process = subprocess.Popen([sys.executable, str(SCRIPT)], env={**os.environ, **environment})
        silent.settimeout(PATIENCE_S)
        silent.accept()[0].close()  # it has begun to ask
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_a_patient_start_ends_when_told_to_before_it_waits(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        registry = Registry(f"http://127.0.0.1:{silent.getsockname()[1]}")
        server = make_server(registry, ServingSettings(cache_dir=tmp_path, start_wait_s=600))
        server.end()
        with bind("127.0.0.1", 0) as listener:
            running = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
            running.start()
            running.join(PATIENCE_S)
    assert not running.is_alive()
