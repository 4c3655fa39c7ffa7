"""The pipeline for real, on a folder: each test triggers runs and looks at the store and at the tasks."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dagrun import DagRun

from p300.domain import Recipe, Recording
from p300.store.digest import stored_sha256
from p300.store.features import FeatureTables
from p300.store.layout import FEATURES, LANDING, RAW, recording_key
from p300.store.objects import ObjectStore, open_store
from p300.store.recordings import encode_recording
from p300.store.subjects import stored_subjects

PIPELINE = "p300_full_ingest_and_process_pipeline"
Trigger = Callable[..., DagRun]


@pytest.fixture
def platform(deployment: Path) -> ObjectStore:
    return open_store(str(deployment / "store"))


@pytest.fixture
def trigger(airflow_database: None, deployment: Path, source: Path, read_dags: Callable[[], DagBag]) -> Trigger:
    """Runs the pipeline to its end on the recordings in `source`."""

    def run(**params: object) -> DagRun:
        return read_dags().dags[PIPELINE].test(run_conf={"source": str(source), **params})

    return run


def states(run: DagRun, task_id: str) -> Counter[str]:
    return Counter(str(task.state) for task in run.get_task_instances() if task.task_id == task_id)


def test_ten_subjects_in_two_runs_and_nothing_in_a_third(trigger: Trigger, platform: ObjectStore) -> None:
    first = trigger()
    assert first.state == "success"
    assert stored_subjects(platform, FEATURES) == [1, 2, 3, 4, 5]
    assert states(first, "each_subject.preprocess") == {"success": 5}
    assert states(first, "features_changed") == {"success": 1}

    assert trigger().state == "success"
    assert stored_subjects(platform, FEATURES) == list(range(1, 11))

    before = {key: platform.get(FEATURES, key) for key in platform.list(FEATURES)}
    third = trigger()
    assert third.state == "success"
    assert states(third, "each_subject.preprocess") == {"skipped": 1}
    assert states(third, "features_changed") == {"skipped": 1}
    assert {key: platform.get(FEATURES, key) for key in platform.list(FEATURES)} == before


def test_a_broken_file_fails_the_run_and_the_others_are_processed(
    trigger: Trigger, source: Path, platform: ObjectStore
) -> None:
    (source / recording_key(2)).write_bytes(b"no recording")
    run = trigger(batch_size=3)
    assert run.state == "failed"
    assert states(run, "check_rejected") == {"failed": 1}
    assert states(run, "features_changed") == {"success": 1}
    assert stored_subjects(platform, FEATURES) == [1, 3]
    assert [key for key in platform.list(LANDING, "rejected/") if key.endswith(".reason.txt")]


def test_a_subject_that_fails_to_the_end_fails_the_run_after_the_others(
    trigger: Trigger, platform: ObjectStore
) -> None:
    platform.put(RAW, recording_key(99), b"damaged after it was ingested")
    run = trigger(batch_size=1)
    assert run.state == "failed"
    assert states(run, "each_subject.preprocess") == {"success": 1, "failed": 1}
    assert {task.try_number for task in run.get_task_instances() if task.state == "failed"} == {3}
    assert states(run, "features_changed") == {"success": 1}
    assert states(run, "every_subject_done") == {"upstream_failed": 1}
    assert stored_subjects(platform, FEATURES) == [1]


def test_what_is_no_recording_fails_the_run_and_the_others_are_processed(
    trigger: Trigger, source: Path, platform: ObjectStore
) -> None:
    (source / "subject_1").mkdir()  # means subject 1 as well: neither is taken
    run = trigger(batch_size=2)
    assert run.state == "failed"
    assert states(run, "check_rejected") == {"failed": 1}
    assert stored_subjects(platform, FEATURES) == [2, 3]


def test_a_recording_that_is_replaced_and_another_recipe_are_noticed(
    trigger: Trigger,
    source: Path,
    platform: ObjectStore,
    evoked_recording: Callable[[int], Recording],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trigger(batch_size=3)
    before = FeatureTables(platform)
    (source / recording_key(2)).write_bytes(encode_recording(evoked_recording(22)))
    run = trigger(batch_size=1, replace=True)
    assert run.state == "success"
    assert states(run, "each_subject.preprocess") == {"success": 1}
    hashes = {subject: table.provenance.raw_sha256 for subject, table in before.items()}
    assert hashes == {subject: stored_sha256(platform, RAW, recording_key(subject)) for subject in (1, 2, 3)}

    recipe = Recipe(normalisation="none")
    (source.parent / "recipe.json").write_text(recipe.to_json())
    monkeypatch.setenv("P300_RECIPE", str(source.parent / "recipe.json"))
    assert states(trigger(batch_size=1), "each_subject.preprocess") == {"success": 4}
    assert {table.provenance.recipe for table in FeatureTables(platform).values()} == {recipe}


def test_a_folder_without_recordings_is_refused_at_once(trigger: Trigger, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = trigger(source=str(tmp_path / "empty"))
    assert run.state == "failed"
    (land,) = [task for task in run.get_task_instances() if task.task_id == "land"]
    assert (land.state, land.try_number) == ("failed", 1)
