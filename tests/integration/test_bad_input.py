"""Malformed recordings, requests and command lines: one clear sentence each, and nothing stored changes."""

import hashlib
import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from p300.cli.app import app
from p300.cli.entry import run
from p300.domain import Recording
from p300.domain.recipe import Recipe
from p300.jobs.recordings.ingest import ingest
from p300.jobs.recordings.preprocess import preprocess
from p300.jobs.training.train import Training, train
from p300.registry import Registry
from p300.serving.server import bind, make_server
from p300.settings import ServingSettings
from p300.store.layout import LANDING, REASON_SUFFIX, recording_key
from p300.store.objects import ObjectStore, open_store
from p300.store.recordings import encode_recording

N_FEATURES = 3 * 80


class World:
    """A store with three subjects, a registry with one challenger trained on the first two, and a service."""

    def __init__(self, folder: Path, evoked_recording: Callable[[int], Recording]) -> None:
        self.folder = folder
        self.store: ObjectStore = open_store(str(folder / "store"))
        self.registry = Registry(f"sqlite:///{folder}/mlflow.db")
        for subject in (1, 2, 3):
            self.store.put(LANDING, recording_key(subject), encode_recording(evoked_recording(subject)))
        ingest(self.store)
        preprocess(self.store, Recipe())
        train(Training(subjects=[1, 2], set_challenger_alias=True), self.store, self.registry)

    def stored(self) -> dict[str, str]:
        """Hash of every object, every artifact and every row of the registry's that a user would miss."""
        files = [
            path for name in ("store", "mlartifacts") for path in (self.folder / name).rglob("*") if path.is_file()
        ]
        hashes = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        versions = [(version.version, version.run_id, version.aliases) for version in self.registry.versions()]
        return hashes | {"versions": repr(versions)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, evoked_recording: Callable[[int], Recording]) -> World:
    return World(tmp_path_factory.mktemp("world"), evoked_recording)


@pytest.fixture
def unchanged(world: World) -> Iterator[None]:
    before = world.stored()
    yield
    assert world.stored() == before


def _parquet(metadata: dict[str, str] | None = None, **columns: Any) -> bytes:
    """A recording with two good channels, but for what is given; a column that is None is left out."""
    rng = np.random.default_rng(0)
    stim = np.zeros(600, dtype=np.int32)
    stim[100::50], stim[150::200] = 1, 2
    good = {"eeg_ch1": rng.standard_normal(600), "eeg_ch2": rng.standard_normal(600), "stim": stim}
    chosen = {name: values for name, values in (good | columns).items() if values is not None}
    sink = io.BytesIO()
    pq.write_table(pa.table(chosen).replace_schema_metadata(metadata), sink)
    return sink.getvalue()


def _duplicate() -> bytes:
    columns = [pa.array([1.0, 2.0]), pa.array([1.0, 2.0]), pa.array([1, 2])]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, ["eeg_ch1", "eeg_ch1", "stim"]), sink)
    return sink.getvalue()


def _stim(**codes: float) -> np.ndarray:
    stim = np.zeros(600)
    stim[100:400:50] = 1
    stim[125:400:100] = 2
    return np.where(stim == 0, codes.get("none", 0), np.where(stim == 1, codes.get("one", 1), codes.get("two", 2)))


NOISE = np.random.default_rng(0).standard_normal(600)
RECORDINGS: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "does not parse as Parquet"),
    "text": (b"eeg_ch1,stim\n1,2\n", "does not parse as Parquet"),
    "cut off": (_parquet()[:-200], "does not parse as Parquet"),
    "no stim": (_parquet(stim=None), "there is no column 'stim'"),
    "no channels": (_parquet(eeg_ch1=None, eeg_ch2=None), "there are no EEG columns"),
    "channel missing": (_parquet(eeg_ch1=None), "eeg_ch1 is missing"),
    "duplicate columns": (_duplicate(), "duplicate columns: eeg_ch1"),
    "code 3": (_parquet(stim=_stim(two=3)), "'stim' holds the code 3"),
    "code 0.5": (_parquet(stim=_stim(one=0.5)), "'stim' holds the code 0.5"),
    "code not a number": (_parquet(stim=_stim(one=np.nan)), "'stim' holds the code nan"),
    "negative code": (_parquet(stim=_stim(two=-1)), "'stim' holds the code -1"),
    "no Target": (_parquet(stim=_stim(two=0)), "there is no Target flash"),
    "no NonTarget": (_parquet(stim=_stim(one=0)), "there is no NonTarget flash"),
    "no rows": (_parquet(eeg_ch1=NOISE[:0], eeg_ch2=NOISE[:0], stim=_stim()[:0]), "there is no Target flash"),
    "not finite": (_parquet(eeg_ch2=np.where(NOISE > 2, np.nan, NOISE)), "column 'eeg_ch2' is not finite at row"),
    "infinite": (_parquet(eeg_ch1=np.where(NOISE > 2, np.inf, NOISE)), "column 'eeg_ch1' is not finite"),
    "missing values": (_parquet(eeg_ch1=pa.array([None, *NOISE[1:]])), "column 'eeg_ch1' has 1 missing values"),
    "constant channel": (_parquet(eeg_ch1=np.full(600, 7.0)), "column 'eeg_ch1' is constant at 7 uV"),
    "text channel": (_parquet(eeg_ch1=["x"] * 600), "column 'eeg_ch1' holds string"),
    "text stim": (_parquet(stim=["Target"] * 600), "column 'stim' holds string"),
    "other unit": (_parquet({"unit": "V"}), "'unit' is 'V', expected 'uV'"),
    "rate too low": (_parquet({"sfreq_hz": "64"}), "'sfreq_hz' is '64', expected a rate of at least 100 Hz"),
    "rate no number": (_parquet({"sfreq_hz": "fast"}), "'sfreq_hz' is 'fast'"),
    "names no list": (_parquet({"channel_names": "Cz"}), "'channel_names' is no JSON list"),
    "too few names": (_parquet({"channel_names": '["Cz"]'}), "gives 1 different names for 2 EEG columns"),
    "same name twice": (_parquet({"channel_names": '["Cz", "Cz"]'}), "gives 1 different names for 2 EEG columns"),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_recording_is_set_aside_with_a_sentence(store: ObjectStore, name: str) -> None:
    data, sentence = RECORDINGS[name]
    key = recording_key(1)
    store.put(LANDING, key, data)
    done = ingest(store)
    reason = done.rejected[key]
    assert sentence in reason
    assert "\n" not in reason
    aside, reason_key = store.list(LANDING)
    assert store.get(LANDING, aside) == data
    assert reason_key == aside + REASON_SUFFIX


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    settings = ServingSettings(cache_dir=world.folder / "cache", max_epochs=8, max_body_bytes=64 * 1024)
    listener = bind("127.0.0.1", 0)
    listener.listen()  # who comes before the loop runs waits for it
    server = make_server(world.registry, settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
        while client.get("/health/ready").status_code != 200:
            pass
        yield client
    server.should_exit = True
    thread.join()


GOOD = [0.0] * N_FEATURES
CHALLENGER = "/predict-challenger/"
INFER = "/v2/models/challenger/infer"


def _body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def _tensor(**changes: object) -> bytes:
    good = {"name": "features", "shape": [1, N_FEATURES], "datatype": "FP32", "data": GOOD}
    return _body(inputs=[good | changes])


REQUESTS: dict[str, tuple[str, bytes, int, str]] = {
    "empty body": (CHALLENGER, b"", 400, "the body is not JSON"),
    "no JSON": (CHALLENGER, b"{", 400, "the body is not JSON"),
    "a list": (CHALLENGER, b"[1]", 400, "expected a JSON object"),
    "nothing in it": (CHALLENGER, b"{}", 422, "features"),
    "both": (CHALLENGER, _body(features=GOOD, epochs=[GOOD]), 422, "both"),
    "too short": (CHALLENGER, _body(features=[1.0, 2.0]), 422, f"expected {N_FEATURES} = 3 channels x 80"),
    "too long": (CHALLENGER, _body(features=[*GOOD, 1.0]), 422, f"expected {N_FEATURES}"),
    "text among numbers": (CHALLENGER, _body(features=[*GOOD[1:], "x"]), 422, f"features[{N_FEATURES - 1}]"),
    "null among numbers": (CHALLENGER, _body(features=[None, *GOOD[1:]]), 422, "features[0]"),
    "true among numbers": (CHALLENGER, _body(features=[True, *GOOD[1:]]), 422, "features[0]"),
    "not a number": (CHALLENGER, _body(features=[float("nan"), *GOOD[1:]]), 422, "features[0]"),
    "infinite": (CHALLENGER, _body(features=[float("inf"), *GOOD[1:]]), 422, "features[0]"),
    "features is text": (CHALLENGER, _body(features="x"), 422, "features"),
    "empty batch": (CHALLENGER, _body(epochs=[]), 422, "epochs"),
    "second epoch too short": (CHALLENGER, _body(epochs=[GOOD, [1.0]]), 422, "epochs[1]"),
    "over the limit": (CHALLENGER, _body(epochs=[[0] * N_FEATURES] * 9), 413, "the limit of one request is 8"),
    "too many bytes": (CHALLENGER, b" " * 70_000, 413, "bytes"),
    "no such alias": ("/predict-winner/", _body(features=GOOD), 404, "/predict-winner/"),
    "no champion": ("/predict-champion/", _body(features=GOOD), 503, "champion"),
    "tensor of another kind": (INFER, _tensor(datatype="BYTES"), 422, "datatype"),
    "tensor of another shape": (INFER, _tensor(shape=[2, 3]), 422, "shape"),
    "tensor without data": (INFER, _body(inputs=[]), 422, "inputs"),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.usefixtures("unchanged")
def test_request_is_refused_with_a_sentence(client: httpx.Client, name: str) -> None:
    path, body, status, sentence = REQUESTS[name]
    answer = client.post(path, content=body, headers={"x-request-id": "mine"})
    assert answer.status_code == status, answer.text
    assert sentence in answer.json()["error"]
    assert answer.json()["request_id"] == "mine"
    assert "Traceback" not in answer.text


COMMANDS: dict[str, tuple[str, int, str]] = {
    "no such command": ("predict", 2, "No such command"),
    "no such option": ("ingest --batch 5", 2, "No such option"),
    "batch of none": ("ingest --batch_size 0", 2, "batch_size"),
    "source missing": ("ingest --source nowhere", 1, "there is no folder nowhere"),
    "subject is text": ("preprocess --subjects one", 2, "'one' is not a subject"),
    "subject zero": ("preprocess --subjects 0", 2, "'0' is not a subject"),
    "range runs backwards": ("preprocess --subjects 3-1", 2, "runs backwards: write 1-3"),
    "subject not raw": ("preprocess --subjects 9", 1, "not among the raw data: subjects 9; there are 1, 2, 3"),
    "no scheduler": ("preprocess --scheduler tcp://127.0.0.1:9", 1, "no Dask scheduler answers"),
    "no recipe": ("preprocess --recipe nowhere.json", 2, "nowhere.json is no recipe"),
    "workers is text": ("preprocess --workers two", 2, "workers"),
    "share above one": ("train --training_subjects_percentage 1.5", 2, "above 0 and at most 1"),
    "share too small": ("train --training_subjects_percentage 0.4", 2, "1 of 3 processed subjects"),
    "no such candidate": ("train --candidate svm", 2, "there is no candidate 'svm'"),
    "no such parameter": ("train --parameter depth=3", 2, "lda takes no 'depth'"),
    "parameter without value": ("train --parameter shrinkage", 2, "is not name=value"),
    "parameter out of range": ("train --parameter shrinkage=7", 2, "shrinkage is 7"),
    "train on who is not there": ("train --subjects 1,9", 1, "subject_09"),
    "tune and incremental": ("train --tune --incremental", 2, "leave out --tune or --incremental"),
    "training subject as judge": ("simulate 1 --target_alias challenger", 1, "was trained on subject_01"),
    "nobody under the alias": ("simulate 3 --target_alias champion", 1, "no version has the alias champion"),
    "judge who is not there": ("simulate 9 --target_alias challenger", 1, "9"),
    "base_url is no address": ("simulate 3 --target_alias challenger --base_url localhost", 2, "not the address"),
    "MLflow of another kind": ("promote --mlflow_tracking_uri ftp://x", 2, "MLFLOW_TRACKING_URI is 'ftp://x'"),
    "no MLflow": ("promote --mlflow_tracking_uri http://127.0.0.1:9", 1, "does not answer"),
    "nothing to roll back to": ("rollback", 1, "nothing to roll back to"),
    "import without file": ("import nowhere.edf --subject 4 --target a --nontarget b", 1, "nowhere.edf"),
    "import of another kind": (
        "import x.docx --subject 4 --target a --nontarget b",
        2,
        "x.docx is of an unknown format",
    ),
    "import of subject zero": ("import x.edf --subject 0 --target a --nontarget b", 2, "--subject"),
    "demo over other data": ("demo", 1, "is in use already"),
    "report nowhere": ("report --out /proc/nowhere/report.html", 1, "could not be written"),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("unchanged")
def test_command_line_is_refused_with_a_sentence(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments, code, sentence = COMMANDS[name]
    monkeypatch.chdir(world.folder)
    monkeypatch.setenv("P300_STORE_URL", world.store.url)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", world.registry.tracking_uri)
    monkeypatch.setenv("P300_PORT", "9")
    monkeypatch.setattr(sys, "argv", ["p300", *arguments.split()])
    with pytest.raises(SystemExit) as ended:
        run(app)
    said = " ".join(capfd.readouterr().err.replace("│", " ").split())
    assert ended.value.code == code, said
    assert sentence in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("command", "variable", "value", "sentence"),
    [
        ("serve", "P300_PORT", "many", "P300_PORT is 'many'"),
        ("serve", "P300_MAX_EPOCHS", "0", "P300_MAX_EPOCHS is '0'"),
        ("ingest", "P300_LOG_LEVEL", "LOUD", "P300_LOG_LEVEL is 'LOUD'"),
        ("ingest", "P300_STORE_URL", "gopher://x", "P300_STORE_URL is 'gopher://x'"),
    ],
)
def test_setting_is_refused_by_name(
    command: str,
    variable: str,
    value: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "argv", ["p300", command])
    with pytest.raises(SystemExit) as ended:
        run(app)
    assert ended.value.code == 2
    assert sentence in " ".join(capfd.readouterr().err.split())
