"""Replaying whole subjects over HTTP: ours from stored features on, one request an epoch, and the floor, in one run."""

import tempfile
from pathlib import Path

import numpy as np
import requests

from benchmarks import servers
from benchmarks.load import HOST, encode_request, measure
from benchmarks.rows import Row, in_turn, row
from p300.domain import CHAMPION, FeatureTable, Float32s, Provenance, Recipe, SubjectId
from p300.simulator.client import REQUEST_BYTES, Endpoint, VersionId
from p300.simulator.replay import CONCURRENCY, replay
from p300.store.features import FeatureTables, encode_features
from p300.store.layout import FEATURES, features_key
from p300.store.objects import ObjectStore, open_store

N_SUBJECTS, N_EPOCHS = 10, 1188
PEER_EPOCHS = 200
ROUNDS = 3
FLOOR_S = 1.5


def run() -> list[Row]:
    """Measure in about half a minute."""
    with tempfile.TemporaryDirectory() as name:
        world = Path(name)
        model = servers.register_champion(world)
        epochs = servers.epochs_of_noise(N_EPOCHS)
        store = open_store(str(world / "store"))
        _store_subjects(store, epochs)
        with servers.ours(world) as ours, servers.plain_fastapi(model) as student, servers.floor(model) as floor:
            endpoint = Endpoint(f"http://{HOST}:{ours}", CHAMPION)
            served = requests.get(endpoint.url("/health/ready"), timeout=10).json()["models"][CHAMPION]
            version = VersionId(served["version"], served["run_id"])
            works = {
                "ours": lambda: replay(endpoint, FeatureTables(store), version),
                "peer": lambda: _one_by_one(f"http://{HOST}:{student}/predict", epochs[:PEER_EPOCHS]),
            }
            seconds = in_turn(works, rounds=ROUNDS)
            n_batch = REQUEST_BYTES // epochs[0].nbytes
            request = encode_request("/raw", epochs[:n_batch].tobytes(), {})
            load = measure(floor, request, connections=CONCURRENCY, duration_s=FLOOR_S)
    rates = {
        "ours": N_SUBJECTS * N_EPOCHS / seconds["ours"],
        "peer": PEER_EPOCHS / seconds["peer"],
        "floor": load.requests_per_s * n_batch,
    }
    work = f"replay {N_SUBJECTS} subjects of {N_EPOCHS} epochs over HTTP, Parquet to probabilities"
    return [row(work, rates, "epochs/s", "50000/s")]


def _one_by_one(url: str, epochs: Float32s) -> None:
    """As the student's simulator asks: a JSON request an epoch, one after the other."""
    for epoch in epochs:
        requests.post(url, json={"features": epoch.tolist()}, timeout=10).raise_for_status()


def _store_subjects(store: ObjectStore, epochs: Float32s) -> None:
    numbers = np.arange(len(epochs))
    labels = np.where(numbers % 6 == 0, 2, 1).astype(np.int8)
    names = tuple(f"ch{number}" for number in range(servers.N_CHANNELS))
    provenance = Provenance(Recipe(), 512.0, names, "key", "sha", N_EPOCHS, N_EPOCHS, 0, 0, {})
    table = FeatureTable(epochs, labels, numbers.astype(np.int32), numbers.astype(np.int64), provenance)
    store.make_bucket(FEATURES)
    for subject in range(1, N_SUBJECTS + 1):
        store.put(FEATURES, features_key(SubjectId(subject)), encode_features(table))
