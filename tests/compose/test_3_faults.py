"""Something is broken while predictions go on: what that costs, and that everything comes back."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from p300.domain import CHALLENGER, CHAMPION, SubjectId
from p300.errors import Unavailable
from p300.store.layout import FEATURES, LANDING, RAW, REJECTED_PREFIX, recording_key
from p300.store.subjects import stored_subjects
from tests.compose import platform
from tests.compose.shell import ROOT, await_true, sh
from tests.compose.traffic import Traffic, traffic

LIVE_WITHIN_S = 10.0
RUN_WITHIN_S = 400.0
TEN = [SubjectId(number) for number in range(1, 11)]

Note = Callable[[str, Traffic, str], None]


@pytest.fixture(scope="module")
def note() -> Iterator[Note]:
    """Keeps what each fault cost: for the table in docs/operations.md."""
    rows = [
        "| fault | requests | failed | slowest | longest without an answer | and then |",
        "| - | - | - | - | - | - |",
    ]

    def write(fault: str, seen: Traffic, outcome: str) -> None:
        figures = f"{len(seen.answers)} | {len(seen.failures)} | {seen.slowest_s:.2f} s | {seen.without_answer_s:.2f} s"
        rows.append(f"| {fault} | {figures} | {outcome} |")

    yield write
    table = ROOT / ".p300" / "faults.md"
    table.parent.mkdir(exist_ok=True)
    table.write_text("\n".join(rows) + "\n")


def crash(container: str) -> None:
    """Kill the first process of a container, as a defect or the kernel would: Docker may start it again."""
    os.kill(int(sh(f"docker inspect --format '{{{{.State.Pid}}}}' {container}")), signal.SIGKILL)


def is_healthy(service: str, n_replicas: int = 1) -> bool:
    states = [
        sh(f"docker inspect --format '{{{{.State.Health.Status}}}}' {one}") for one in platform.containers(service)
    ]
    return [state.strip() for state in states] == ["healthy"] * n_replicas


def trigger() -> str:
    """Id of a new run of the pipeline."""
    before = platform.dag_runs()
    sh(f"docker compose -f airflow-compose.yaml exec -T airflow-webserver airflow dags trigger {platform.DAG}")
    return next(run_id for run_id in platform.dag_runs() if run_id not in before)


def await_end(run_id: str) -> str:
    ended = {"success", "failed"}
    await_true(lambda: platform.dag_runs()[run_id] in ended, within_s=RUN_WITHIN_S, what=f"{run_id} ends", every_s=2)
    return platform.dag_runs()[run_id]


def await_preprocessing() -> str:
    """Id of a container that preprocesses a subject."""
    listed: list[str] = []

    def is_there() -> bool:
        listed[:] = sh(f"docker ps -q --filter ancestor={image}").split()
        return bool(listed)

    image = f"p300/preprocessing-job:{platform.ENVIRONMENT.value('P300_IMAGE_TAG')}"
    await_true(is_there, within_s=120, what="a subject is preprocessed", every_s=0.2)
    return listed[0]


def test_a_moved_alias_is_live_on_all_replicas(note: Note) -> None:
    with traffic() as seen:
        moved_s = time.monotonic()
        platform.registry().set_alias(CHAMPION, platform.version_under(CHALLENGER).version)
        time.sleep(LIVE_WITHIN_S + 1)
    assert seen.failures == []
    late_s = seen.last_of(1) - moved_s
    assert late_s < LIVE_WITHIN_S
    note("the champion's alias moves", seen, f"the old version answered {max(late_s, 0):.1f} s longer")


def test_a_replica_dies(note: Note) -> None:
    with traffic() as seen:
        crash(platform.containers("model-serving-champion")[0])
        took_s = await_true(lambda: is_healthy("model-serving-champion", 2), within_s=60, what="both replicas are back")
    assert seen.failures == []
    note("one champion replica is killed", seen, f"it is back after {took_s:.0f} s")


def test_a_replica_hangs(note: Note) -> None:
    replica = platform.containers("model-serving-champion")[0]
    with traffic() as seen:
        sh(f"docker pause {replica}")
        time.sleep(25)
        sh(f"docker unpause {replica}")
    assert seen.failures == []
    note("one champion replica hangs for 25 s", seen, "requests that it held were answered by the other")


def test_replicas_are_added_and_taken_away(note: Note) -> None:
    scale = "docker compose up -d --no-recreate --no-deps --scale model-serving-champion="
    with traffic() as seen:
        sh(f"{scale}4 model-serving-champion")
        await_true(lambda: is_healthy("model-serving-champion", 4), within_s=90, what="four replicas are healthy")
        time.sleep(3)
        sh(f"{scale}2 model-serving-champion")
        time.sleep(3)
    assert seen.failures == []
    note("the champion is scaled to 4 and back to 2", seen, "nginx was not restarted")


def test_nginx_is_restarted(note: Note) -> None:
    with traffic() as seen:
        sh("docker compose restart nginx-load-balancer")
    assert seen.answers[-1].version is not None
    assert seen.without_answer_s < 15
    note("nginx is restarted", seen, "it answers again")


def test_mlflow_is_away(note: Note) -> None:
    with traffic() as seen:
        sh("docker compose stop mlflow-server")
        first = platform.containers("model-serving-champion")[0]
        sh(f"docker restart {first}")
        await_true(lambda: is_healthy("model-serving-champion", 2), within_s=60, what="a replica starts without MLflow")
        sh("docker compose start mlflow-server")
        back_s = await_true(lambda: is_healthy("mlflow-server"), within_s=180, what="MLflow is back")
    assert seen.failures == []
    note("MLflow is stopped, a replica restarted meanwhile", seen, f"MLflow answers {back_s:.0f} s after its start")


def test_store_and_database_are_away(note: Note) -> None:
    with traffic() as seen:
        sh("docker compose stop minio-server postgres-mlflow")
        with pytest.raises(Unavailable):
            platform.store().list(RAW)
        sh("docker compose start minio-server postgres-mlflow")
        await_true(
            lambda: is_healthy("minio-server") and is_healthy("postgres-mlflow"), within_s=120, what="both are back"
        )
        back_s = await_true(_registry_answers, within_s=120, what="MLflow answers again, without a restart of its own")
    assert seen.failures == []
    assert stored_subjects(platform.store(), RAW) == TEN
    note("MinIO and PostgreSQL are stopped", seen, f"MLflow answers {back_s:.0f} s after both are healthy")


def _registry_answers() -> bool:
    try:
        return platform.registry().version_under(CHAMPION) is not None
    except Unavailable:
        return False


def test_the_scheduler_is_killed_in_the_middle_of_a_run(note: Note) -> None:
    platform.forget_features(TEN[:4])
    with traffic() as seen:
        run_id = trigger()
        await_preprocessing()
        crash(platform.containers("airflow-scheduler")[0])
        killed_s = time.monotonic()
        assert await_end(run_id) == "success"
    made = [task["rendered_map_index"] for task in platform.tasks(run_id) if task["task_id"].endswith("preprocess")]
    assert sorted(made) == ["subject_01", "subject_02", "subject_03", "subject_04"]
    assert stored_subjects(platform.store(), FEATURES) == stored_subjects(platform.store(), RAW) == TEN
    assert seen.failures == []
    note(
        "the scheduler is killed in the middle of a run", seen, f"it succeeds {time.monotonic() - killed_s:.0f} s later"
    )


def test_a_preprocessing_container_is_killed(note: Note) -> None:
    platform.forget_features(TEN[:2])
    with traffic() as seen:
        run_id = trigger()
        sh(f"docker kill {await_preprocessing()}")
        assert await_end(run_id) == "success"
    tries = sorted(task["try_number"] for task in platform.tasks(run_id) if task["task_id"].endswith("preprocess"))
    assert tries == [1, 2]
    assert stored_subjects(platform.store(), FEATURES) == TEN
    assert seen.failures == []
    note("a preprocessing container is killed", seen, "its subject is tried again, the run succeeds")


def test_ten_broken_files_land(note: Note) -> None:
    store = platform.store()
    for number in range(21, 31):
        store.put(LANDING, recording_key(number), b"this is no Parquet file")
    with traffic() as seen:
        assert await_end(trigger()) == "failed"
    assert stored_subjects(store, RAW) == TEN
    aside = store.list(LANDING)
    assert len(aside) == 20, "ten files and ten reasons"
    assert all(key.startswith(REJECTED_PREFIX) for key in aside)
    assert await_end(trigger()) == "success"
    assert seen.failures == []
    note("ten broken files land", seen, "the run fails and names them, they are set aside, and the next run succeeds")
