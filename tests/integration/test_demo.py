"""The walkthrough on small recordings: what a newcomer sees, and what happens to what was there before."""

import contextlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from p300.domain import CHALLENGER, CHAMPION, Recording
from p300.errors import InvalidInput, Refused
from p300.jobs.demo import Demo, DemoSettings
from p300.jobs.judging.verdict_text import verdict_sentence
from p300.settings import RegistrySettings, ServingSettings, SimulationSettings, StoreSettings
from p300.store.features import FeatureTables
from p300.store.layout import LANDING, RAW, recording_key
from p300.store.objects import open_store
from p300.store.recordings import encode_recording
from p300.store.subjects import stored_subjects


@contextlib.contextmanager
def no_bar(_description: str, _total: int) -> Iterator[Callable[[object], None]]:
    yield lambda _done: None


@pytest.fixture
def data(tmp_path: Path, evoked_recording: Callable[[int], Recording]) -> Path:
    for subject in range(1, 7):
        path = tmp_path / "data" / recording_key(subject)
        path.parent.mkdir(parents=True)
        path.write_bytes(encode_recording(evoked_recording(subject)))
    return tmp_path / "data"


@pytest.fixture
def settings(tmp_path: Path) -> DemoSettings:
    world = tmp_path / "world"
    return DemoSettings(
        StoreSettings(store_url=str(world / "store")),
        RegistrySettings(mlflow_tracking_uri=f"sqlite:///{world}/mlflow.db"),
        ServingSettings(cache_dir=world / "cache", alias_poll_s=0.2),
        SimulationSettings(wandb_dir=world),
    )


def test_walkthrough(settings: DemoSettings, data: Path) -> None:
    done = Demo(settings, data, no_bar).run()
    assert [(each.alias, each.version.version, list(each.answers)) for each in done.evaluations] == [
        (CHALLENGER, 1, [4]),
        (CHAMPION, 1, [6]),
        (CHAMPION, 1, [5, 6]),
        (CHALLENGER, 2, [5, 6]),
    ]
    assert (done.first.subjects, done.second.subjects) == ((1, 2, 3), (1, 2, 3, 4))
    assert all(each.answers.mean_auc > 0.8 for each in done.evaluations)
    page = done.report.read_text()
    assert html.escape(verdict_sentence(done.verdict)) in page
    assert re.findall(r"<svg role=\"img\" aria-label=\"(\w+)", page) == [
        "AUC",
        "distribution",
        "ROC",
        "confusion",
        "average",
        "epochs",
    ]
    assert "only 3 have a name of the 10-05 system" in page
    assert "amplitude (µV)" in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert len(json.loads(done.example_request.read_text())["features"]) == 3 * 80
    _run_again(settings, data)


def _run_again(settings: DemoSettings, data: Path) -> None:
    """As a user would, in a process of its own: it begins anew and says what it did."""
    folder = Path(settings.store.store_url).parent
    environment = {
        **os.environ,
        "P300_STORE_URL": settings.store.store_url,
        "MLFLOW_TRACKING_URI": settings.registry.mlflow_tracking_uri,
        "P300_CACHE_DIR": str(settings.serving.cache_dir),
        "P300_WANDB_DIR": str(settings.simulation.wandb_dir),
        "P300_RECIPE": '{"normalisation": "none"}',
    }
    command = [sys.executable, "-m", "p300", "demo", "--data", str(data)]
    done = subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True, text=True)
    tables = FeatureTables(open_store(settings.store.store_url))
    assert {table.provenance.recipe.normalisation for table in tables.values()} == {"none"}
    bars = re.findall(r"^(\S.*?) [━╸╺ ]*(\d+)/(\S+)", done.stderr, re.MULTILINE)
    assert len(bars) >= 10
    assert all(n_done == total for _, n_done, total in bars), bars
    said = done.stdout
    assert "what was asked over HTTP" in said
    assert f"report       {folder / 'report.html'}" in said
    assert "curl -X POST http://127.0.0.1:8000/predict-champion/" in said


def test_recordings_of_others_are_never_removed(settings: DemoSettings, data: Path, recording: Recording) -> None:
    store = open_store(settings.store.store_url)
    store.put(RAW, recording_key(1), encode_recording(recording))
    with pytest.raises(Refused, match="is in use already"):
        Demo(settings, data, no_bar).run()
    note = Path(settings.store.store_url).parent / "demo.json"
    note.write_text("{}")
    with pytest.raises(Refused, match=f"holds {RAW}/subject_01/subject_01_eeg_stim.parquet, which no demo brought"):
        Demo(settings, data, no_bar).run()
    assert store.get(RAW, recording_key(1)) == encode_recording(recording)


def test_too_few_subjects_and_servers_are_refused(settings: DemoSettings, data: Path) -> None:
    for subject in (4, 5, 6):
        shutil.rmtree(data / f"subject_{subject:02d}")
    with pytest.raises(InvalidInput, match="recordings of 3 subjects .* needs at least 4"):
        Demo(settings, data, no_bar).run()
    with pytest.raises(Refused, match="the demo is for the embedded world"):
        Demo(replace(settings, store=StoreSettings(store_url="s3://")), data, no_bar)


def test_broken_recording_is_named(settings: DemoSettings, data: Path, recording: Recording) -> None:
    constant = replace(recording, samples=recording.samples * 0)
    (data / recording_key(2)).write_bytes(encode_recording(constant))
    with pytest.raises(Exception, match="subject_02.* is constant at 0 uV"):
        Demo(settings, data, no_bar).run()
    store = open_store(settings.store.store_url)
    assert stored_subjects(store, RAW) == [1, 3, 4, 5]
    assert len(store.list(LANDING, "rejected/")) == 2
