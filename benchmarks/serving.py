"""Serving over real HTTP: ours, the peers and the floor, in turn in one run, on this machine alone."""

import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks import servers
from benchmarks.load import Load, encode_request, measure
from benchmarks.rows import Row, row
from p300.domain import CHAMPION, Float32s
from p300.wire import encode_infer_request, infer_path, prediction_path

CONNECTIONS = 8
ROUNDS = 3
ROUND_S = 1.5
MOST_JSON_EPOCHS = 64  # in one request to a peer that speaks no binary: more gain nothing and take seconds
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Target:
    """A request to one of the servers."""

    port: int
    request: bytes


def run() -> list[Row]:
    """Measure every row, in about a minute."""
    with tempfile.TemporaryDirectory() as name:
        world = Path(name)
        model = servers.register_champion(world)
        epochs = servers.epochs_of_noise(1188)
        with (
            servers.ours(world) as ours,
            servers.floor(model) as floor,
            servers.plain_fastapi(model) as student,
            servers.mlflow_models_serve(model) as mlflow,
        ):
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
