"""Serving over real HTTP: ours, the peers and the floor, in turn in one run, on this machine alone."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import orjson
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.load import HOST, Load, encode_request, measure
from benchmarks.rows import Row, row
from benchmarks.serving_peers import MODEL_FOLDER
from p300.domain import CHAMPION, Float32s, Label
from p300.eeg.recipe import Recipe
from p300.registry import ModelCard, Registry, TrainedModel
from p300.wire import encode_infer_request, infer_path, prediction_path

ROOT = Path(__file__).resolve().parents[1]
N_CHANNELS, N_TIMES = 16, 70
CONNECTIONS = 8
ROUNDS = 3
ROUND_S = 1.5
START_S = 120.0
MOST_JSON_EPOCHS = 64  # in one request to a peer that speaks no binary: more gain nothing and take seconds
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Target:
    """A request to one of the servers."""

    port: int
    request: bytes


def run() -> list[Row]:
    """Measure every row, in about a minute."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as servers:
        world = Path(name)
        folder = _register(world)
        ours = servers.enter_context(_ours(world))
        floor = servers.enter_context(_uvicorn("benchmarks.serving_peers:floor", folder, "--factory"))
        student = servers.enter_context(_uvicorn("benchmarks.serving_peers:plain_fastapi", folder, "--factory"))
        mlflow = servers.enter_context(_uvicorn("mlflow.pyfunc.scoring_server.app:app", folder))
        epochs = _epochs(1188)
        return [
            _single(epochs, ours, floor, student, mlflow),
            *(_binary(epochs[:n_epochs], ours, floor, mlflow) for n_epochs in (1, 256, 1188)),
        ]


def _single(epochs: Float32s, ours: int, floor: int, student: int, mlflow: int) -> Row:
    body = orjson.dumps({"features": epochs[0].tolist()})
    inputs = orjson.dumps({"inputs": epochs[:1].tolist()})
    loads = _in_turn(
        {
            "ours": Target(ours, encode_request(prediction_path(CHAMPION), body, JSON)),
            "floor": Target(floor, encode_request("/json", body, JSON)),
            "peer": Target(student, encode_request("/predict", body, JSON)),
            "mlflow": Target(mlflow, encode_request("/invocations", inputs, JSON)),
        }
    )
    rates = {name: round(load.requests_per_s) for name, load in loads.items()}
    return row("one epoch a request, JSON, 8 connections", rates, "requests/s", "5000/s, p99 under 5 ms") | {
        "p99_ms": loads["ours"].p99_ms,
        "peer_p99_ms": loads["peer"].p99_ms,
        "floor_p99_ms": loads["floor"].p99_ms,
        "mlflow_models_serve": rates["mlflow"],
    }


def _binary(epochs: Float32s, ours: int, floor: int, mlflow: int) -> Row:
    headers, body = encode_infer_request(epochs)
    inputs = orjson.dumps({"inputs": epochs[:MOST_JSON_EPOCHS].tolist()})
    loads = _in_turn(
        {
            "ours": Target(ours, encode_request(infer_path(CHAMPION), body, headers)),
            "floor": Target(floor, encode_request("/raw", epochs.tobytes(), {})),
            "peer": Target(mlflow, encode_request("/invocations", inputs, JSON)),
        }
    )
    plural = "epoch" if len(epochs) == 1 else "epochs"
    work = f"{len(epochs)} {plural} a request, binary V2, 8 connections"
    bar = {256: "200000/s and 0.7 of the floor", 1188: "a whole subject in one request"}.get(len(epochs), "")
    rates = {name: round(load.requests_per_s * len(epochs)) for name, load in loads.items()}
    rates["peer"] = round(loads["peer"].requests_per_s * min(len(epochs), MOST_JSON_EPOCHS))
    return row(work, rates, "epochs/s", bar) | {"of_floor": round(rates["ours"] / rates["floor"], 3)}


def _in_turn(targets: Mapping[str, Target]) -> dict[str, Load]:
    """Measure in turn, several rounds, and take the median round of each: what else runs here hits all alike."""
    loads: dict[str, list[Load]] = {name: [] for name in targets}
    for _ in range(ROUNDS):
        for name, target in targets.items():
            loads[name].append(measure(target.port, target.request, connections=CONNECTIONS, duration_s=ROUND_S))
    return {name: _median(rounds) for name, rounds in loads.items()}


def _median(rounds: list[Load]) -> Load:
    middle = statistics.median_low(load.requests_per_s for load in rounds)
    return next(load for load in rounds if load.requests_per_s == middle)


def _epochs(n_epochs: int) -> Float32s:
    noise = np.random.default_rng(1).standard_normal((n_epochs, N_CHANNELS * N_TIMES))
    return (noise * 1e-5).astype(np.float32)


def _register(world: Path) -> Path:
    """Register a fitted pipeline as champion; return its model folder."""
    features = _epochs(400)
    labels = np.where(np.arange(len(features)) % 6 == 0, Label.Target, Label.NonTarget)
    features[labels == Label.Target] += 2e-6
    pipeline = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))
    pipeline.fit(features, labels)
    card = ModelCard((), Recipe().to_json(), tuple(f"ch{number}" for number in range(N_CHANNELS)))
    registry = Registry(_tracking_uri(world))
    with registry.start_run("benchmark", kind="training") as run:
        version = registry.register(run, TrainedModel(pipeline, card, features[:2], {}, {}))
    registry.set_alias(CHAMPION, version.version)
    return registry.download(version, world / "model")


def _tracking_uri(world: Path) -> str:
    return f"sqlite:///{world}/mlflow.db"


@contextmanager
def _ours(world: Path) -> Iterator[int]:
    port = _free_port()
    settings = {
        "MLFLOW_TRACKING_URI": _tracking_uri(world),
        "P300_CACHE_DIR": str(world / "cache"),
        "P300_PORT": str(port),
        "P300_SERVED_ALIASES": CHAMPION,
        "P300_LOG_LEVEL": "WARNING",
    }
    with _server([sys.executable, "model-serving/main.py"], settings, port, "/health/ready"):
        yield port


@contextmanager
def _uvicorn(app: str, folder: Path, *options: str) -> Iterator[int]:
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", app, *options, "--host", HOST, "--port", str(port)]
    command += ["--no-access-log", "--log-level", "critical"]
    with _server(command, {MODEL_FOLDER: str(folder), "__pyfunc_model_path__": str(folder)}, port, "/"):
        yield port


@contextmanager
def _server(command: list[str], environment: dict[str, str], port: int, ready_path: str) -> Iterator[None]:
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **one_thread, **environment}) as process:
        try:
            _wait_until_ready(process, f"http://{HOST}:{port}{ready_path}")
            yield
        finally:
            process.terminate()


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before it was ready")
        try:
            urlopen(url, timeout=2).close()
        except URLError as error:
            if getattr(error, "code", 503) != 503:  # it answers, if only that nothing is at this path
                return
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{url} was not ready within {START_S:g} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
