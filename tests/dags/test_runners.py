"""What each runner is told about a job."""

import json
from pathlib import Path

import kubernetes_validate
import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from kubernetes.client import ApiClient
from p300_airflow import container
from p300_airflow.job import PREPROCESSING
from p300_airflow.runner import job_operator

from p300.domain import Recipe
from p300.errors import InvalidInput

SECRET = "no-one-may-see-this"


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The variables that the compose file gives to the scheduler."""
    for name, value in {
        "P300_JOB_RUNNER": "docker",
        "P300_ENV": "staging",
        "P300_PROJECT": "brains",
        "P300_NETWORK": "brains-net",
        "P300_IMAGE_TAG": "1.2.3",
        "P300_STORE_URL": "s3://",
        "AWS_ENDPOINT_URL": "http://minio-server:9000",
        "PREPROCESSING_S3_SECRET": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_container_of_its_own_on_the_platforms_network(platform: pytest.MonkeyPatch) -> None:
    job = job_operator(PREPROCESSING, ["subject_07"], task_id="preprocess")
    assert isinstance(job, container.JobContainerOperator)
    assert job.image == "p300/preprocessing-job:1.2.3"
    assert job.command == ["python", "preprocess_subject.py", "subject_07"]
    assert job.network_mode == "brains-net"
    assert job.mem_limit == "1024m"
    assert job.auto_remove == "force"
    assert job.mount_tmp_dir is False
    assert container.container_name(job.name_parts) == "brains-preprocessing-job-subject_07"
    assert job.environment == {
        "P300_ENV": "staging",
        "P300_STORE_URL": "s3://",
        "AWS_ENDPOINT_URL": "http://minio-server:9000",
        "AWS_ACCESS_KEY_ID": "p300-preprocessing",
    }


@pytest.mark.parametrize("runner", ["docker", "kubernetes", "process"])
def test_no_secret_is_in_the_dag_as_airflow_stores_and_shows_it(platform: pytest.MonkeyPatch, runner: str) -> None:
    platform.setenv("P300_JOB_RUNNER", runner)
    with DAG("secrets") as dag:
        job = job_operator(PREPROCESSING, ["subject_07"], task_id="preprocess")
    shown = [str(getattr(job, name)) for name in job.template_fields]
    assert SECRET not in json.dumps([DagSerialization.serialize_dag(dag), shown], default=str)


@pytest.mark.parametrize(
    ("argument", "name"), [("0.5", "p300-job-0.5"), ("--share=1/2", "p300-job-share-1-2"), ("a b;c", "p300-job-a-b-c")]
)
def test_the_name_of_a_container_is_one_that_docker_takes(argument: str, name: str) -> None:
    assert container.container_name(["p300", "job", argument]) == name


def test_a_pod_that_kubernetes_takes_under_its_strictest_standard(platform: pytest.MonkeyPatch) -> None:
    platform.setenv("P300_JOB_RUNNER", "kubernetes")
    platform.setenv("P300_IMAGE_PREFIX", "registry.example/p300/")
    job = job_operator(PREPROCESSING, ["subject_07"], task_id="preprocess")
    pod = ApiClient().sanitize_for_serialization(job.build_pod_request_obj(dry_run=True))
    kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)

    (main,) = pod["spec"]["containers"]
    assert main["image"] == "registry.example/p300/preprocessing-job:1.2.3"
    assert [*main["command"], *main["args"]] == ["python", "preprocess_subject.py", "subject_07"]
    assert main["securityContext"]["allowPrivilegeEscalation"] is False
    assert main["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["metadata"]["namespace"] == "p300"
    (secret,) = [variable for variable in main["env"] if variable["name"] == "AWS_SECRET_ACCESS_KEY"]
    assert secret["valueFrom"]["secretKeyRef"] == {"name": "p300", "key": "PREPROCESSING_S3_SECRET"}
    assert main["resources"]["limits"] == {"memory": "1024Mi"}


@pytest.mark.parametrize("runner", ["docker", "kubernetes", "process"])
def test_a_recipe_reaches_the_job_as_its_text(platform: pytest.MonkeyPatch, runner: str, tmp_path: Path) -> None:
    recipe = Recipe(normalisation="euclidean")
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.fields(), indent=2))
    platform.setenv("P300_RECIPE", str(tmp_path / "recipe.json"))
    platform.setenv("P300_JOB_RUNNER", runner)
    job = job_operator(PREPROCESSING, ["subject_07"], task_id="preprocess")
    if runner == "kubernetes":
        variables = {variable.name: variable.value for variable in job.env_vars}
    else:
        variables = job.environment if runner == "docker" else job.env
    assert variables["P300_RECIPE"] == recipe.to_json()
    platform.setenv("P300_RECIPE", str(tmp_path / "nowhere.json"))
    with pytest.raises(InvalidInput, match="nowhere.json is no recipe"):
        job_operator(PREPROCESSING, ["subject_07"], task_id="preprocess")


def test_a_process_takes_the_python_of_p300(platform: pytest.MonkeyPatch, tmp_path: Path) -> None:
    platform.setenv("P300_JOB_RUNNER", "process")
    platform.setenv("P300_JOB_PYTHON", "/opt/science/bin/python")
    platform.setenv("P300_STORE_URL", "store")
    platform.chdir(tmp_path)
    job = job_operator(PREPROCESSING, ["subject_07; rm -rf /"], task_id="preprocess")
    assert job.env["PATH"].startswith("/opt/science/bin:")
    assert job.env["P300_STORE_URL"] == str(tmp_path / "store")
    assert "rm" not in job.bash_command
