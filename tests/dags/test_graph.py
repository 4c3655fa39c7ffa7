"""The DAG as Airflow reads it: imports, graph, settings."""

from collections.abc import Callable
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

PIPELINE = "p300_full_ingest_and_process_pipeline"


@pytest.fixture
def dag(deployment: Path, read_dags: Callable[[], DagBag]) -> DAG:
    bag = read_dags()
    assert bag.import_errors == {}
    return bag.dags[PIPELINE]


def test_the_graph_is_the_one_documented(dag: DAG) -> None:
    edges = {task_id: sorted(task.downstream_task_ids) for task_id, task in dag.task_dict.items()}
    assert edges == {
        "rejected_before": ["check_rejected", "land"],
        "land": ["ingest"],
        "ingest": ["check_rejected", "unprocessed"],
        "check_rejected": [],
        "unprocessed": ["each_subject.preprocess"],
        "each_subject.preprocess": ["every_subject_done", "features_changed"],
        "features_changed": [],
        "every_subject_done": [],
    }


def test_runs_queue_and_nothing_runs_by_itself(dag: DAG) -> None:
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert dag.timetable.can_be_scheduled is False


def test_a_subject_is_retried_and_two_run_at_a_time(dag: DAG) -> None:
    job = dag.task_dict["each_subject.preprocess"]
    assert job.retries == 2
    assert job.max_active_tis_per_dagrun == 2


def test_the_asset_is_the_feature_bucket(dag: DAG) -> None:
    (asset,) = dag.task_dict["features_changed"].outlets
    assert asset.uri.rstrip("/") == "s3://p300-processed-features"


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "five", None])
def test_a_batch_size_that_makes_no_sense_is_refused(dag: DAG, batch_size: object) -> None:
    dag.params["batch_size"] = 3
    with pytest.raises(ValueError, match="batch_size"):
        dag.params["batch_size"] = batch_size


def test_an_unknown_runner_is_refused_with_a_sentence(
    read_dags: Callable[[], DagBag], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P300_JOB_RUNNER", "podman")
    (reason,) = read_dags().import_errors.values()
    assert "P300_JOB_RUNNER is 'podman'" in reason
    assert "'docker', 'process' or 'kubernetes'" in reason
