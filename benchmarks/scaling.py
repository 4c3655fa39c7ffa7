"""Requests a second through nginx with 1, 2 and 4 champion replicas, beside one replica without nginx.

Asks the stack of dev, which must run and have a champion; leaves it with two replicas.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import orjson

from benchmarks.load import HOST, Load, encode_request, measure
from benchmarks.rows import Row
from p300.domain import CHAMPION
from p300.stack.environment import load_environment
from p300.wire import encode_infer_request, infer_path, prediction_path

EXAMPLE = Path(__file__).parents[1] / "data" / "example_request.json"
REPLICAS = (1, 2, 4)
USUAL = 2
N_EPOCHS = 256
START_S = 60.0


def run() -> list[Row]:
    """Measure in about two minutes."""
    environment = load_environment("dev")
    nginx = int(environment.value("NGINX_PORT"))
    features = json.loads(EXAMPLE.read_text())["features"]
    one = encode_request(prediction_path(CHAMPION), orjson.dumps({"features": features}), {})
    headers, body = encode_infer_request(np.tile(np.array(features, np.float32), (N_EPOCHS, 1)))
    many = encode_request(infer_path(CHAMPION), body, headers)
    with _alone(environment.value("P300_NETWORK"), environment.value("P300_IMAGE_TAG")) as port:
        loads = {"one replica, no nginx": (measure(port, one), measure(port, many))}
    try:
        for n_replicas in REPLICAS:
            _scale(n_replicas)
            loads[f"nginx, replicas: {n_replicas}"] = (measure(nginx, one), measure(nginx, many))
    finally:
        _scale(USUAL)
    direct = loads["one replica, no nginx"]
    return [
        _row(name, load, direct[0], f"{_epochs_per_s(batch):,.0f} epochs/s") for name, (load, batch) in loads.items()
    ]


def _row(name: str, load: Load, direct: Load, batches: str) -> Row:
    return {
        "work": f"{name}, {os.cpu_count()} cores for all and the client",
        "ours": load.requests_per_s,
        "peer": direct.requests_per_s,
        "floor": None,
        "unit": "requests/s",
        "ratio": round(load.requests_per_s / direct.requests_per_s, 2),
        "bar": "",
        "p99_ms": load.p99_ms,
        f"binary, {N_EPOCHS} a request": batches,
    }


def _epochs_per_s(load: Load) -> float:
    return load.requests_per_s * N_EPOCHS


@contextmanager
def _alone(network: str, tag: str) -> Iterator[int]:
    """Port of a replica of its own, which nginx does not know."""
    settings = {
        "P300_HOST": "0.0.0.0",
        "P300_SERVED_ALIASES": CHAMPION,
        "MLFLOW_TRACKING_URI": "http://mlflow-server:5000",
    }
    options = [f"--env={name}={value}" for name, value in settings.items()]
    command = ["docker", "run", "--detach", "--rm", f"--network={network}", f"--publish={HOST}::8000", *options]
    name = _out(*command, f"p300/model-serving:{tag}", "python", "main.py")
    try:
        port = int(_out("docker", "port", name, "8000/tcp").splitlines()[0].rpartition(":")[2])
        deadline_s = time.monotonic() + START_S
        while not _is_ready(port):
            if time.monotonic() > deadline_s:
                raise TimeoutError("the replica of its own is not ready: is there a champion?")
            time.sleep(0.2)
        yield port
    finally:
        _out("docker", "rm", "--force", "--volumes", name)


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/health/ready").is_success
    except httpx.TransportError:
        return False


def _scale(n_replicas: int) -> None:
    scale = ["docker", "compose", "up", "--detach", "--wait", "--no-recreate", "--no-deps"]
    _out(*scale, "--scale", f"model-serving-champion={n_replicas}", "model-serving-champion")
    time.sleep(3)  # until nginx has asked for the names again


def _out(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
