"""How ``store.tar.xz`` was made, by the code of commit 6087a0d in an environment of its own (``python make_store.py``).

Afterwards the figures, the raw recordings of subjects 2 to 5 and the free pages of the database were
removed, so that it is small. ``expected.json`` has P(Target) of subject 4's first epochs by version.
"""

import json
import threading
from pathlib import Path

import numpy as np
from p300.eeg.recipe import Recipe
from p300.jobs.evaluate import Simulation, evaluate
from p300.jobs.ingest import ingest
from p300.jobs.preprocess import preprocess
from p300.jobs.train import Training, train

from p300.domain import CHALLENGER, CHAMPION, Recording, SubjectId
from p300.registry import Registry, load_estimator
from p300.serving.server import bind, make_server
from p300.settings import Settings
from p300.simulator.client import Endpoint
from p300.simulator.wandb_log import WandbProject
from p300.store.layout import FEATURES, LANDING, RAW, recording_key
from p300.store.objects import open_store
from p300.store.subjects import FeatureTables, encode_recording

PARAMETERS = {"ensemble": {"riemann.n_filters": 1, "xdawn-lda.n_filters": 1}, "xdawn-lda": {"n_filters": 1}}


def recording(subject: int) -> Recording:
    """Two channels at 128 Hz, 130 flashes, some of them spoilt by an artifact."""
    rng = np.random.default_rng(subject)
    samples = (rng.standard_normal((2, 32 * 128)) * 6e-6).astype(np.float32)
    onsets = np.arange(130) * 28 + 100
    for onset in onsets[::4]:
        samples[:, onset + 20 : onset + 36] += np.float32(5e-6)
    samples[0, 3000:3004] += np.float32(400e-6)
    stim = np.zeros(samples.shape[1], dtype=np.int8)
    stim[onsets] = np.where(np.arange(130) % 4 == 0, 2, 1)
    return Recording(samples, stim, 128.0, ("Cz", "Pz"))


store = open_store(".p300/store")
for bucket in (LANDING, RAW, FEATURES):
    store.make_bucket(bucket)
for number in range(1, 6):
    store.put(LANDING, recording_key(SubjectId(number)), encode_recording(recording(number)))
ingest(store)
preprocess(store, Recipe(window_s=(0.0, 0.3), baseline_s=None, sfreq_hz=40.0), workers=1)
registry = Registry("sqlite:///.p300/mlflow.db")
train(Training(subjects=(1, 2)), store, registry)
registry.set_alias(CHAMPION, 1)
train(Training(candidate="riemann", parameters={"n_filters": 1}, subjects=(1, 2, 3)), store, registry)
registry.set_alias(CHALLENGER, 2)
for name in ("ensemble", "xdawn-lda", "toeplitz-lda"):
    train(Training(candidate=name, parameters=PARAMETERS.get(name, {}), subjects=(1, 2, 3)), store, registry)
listener = bind("127.0.0.1", 0)
listener.listen()
server = make_server(registry, Settings(cache_dir=Path("cache"), alias_poll_s=0.05))
thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
thread.start()
url = f"http://127.0.0.1:{listener.getsockname()[1]}"
for alias in (CHAMPION, CHALLENGER):
    evaluate(Simulation(Endpoint(url, alias), (4, 5)), store, registry, WandbProject("p300", Path("wandb")))
server.should_exit = True
thread.join()
features = FeatureTables(store)[SubjectId(4)].features
expected = {}
for version in registry.versions():
    estimator = load_estimator(registry.download(version, Path(f"version-{version.version}")))
    expected[version.version] = [float(p) for p in estimator.predict_proba(features)[:12, 1]]
Path(".p300/expected.json").write_text(json.dumps(expected))
