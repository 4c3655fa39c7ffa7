"""Jobs as containers of the Docker engine whose socket the scheduler has."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import docker.errors
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from p300_airflow.job import Job
from p300_airflow.settings import JobSettings

_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_.-]+")


class JobContainerOperator(DockerOperator):
    """Airflow's DockerOperator, which reads secrets as late as it can and outlives its own death.

    The values of `secrets` are names of the scheduler's variables. They are read when the container
    starts, so that no secret is in the DAG as Airflow stores and shows it. A container that a dead
    scheduler left behind has the same name, and is removed before the job starts again.
    """

    template_fields = (*DockerOperator.template_fields, "name_parts")

    def __init__(self, *, name_parts: Sequence[str], secrets: Mapping[str, str], **operator: Any) -> None:
        super().__init__(**operator)
        self.name_parts = name_parts
        self.secrets = secrets

    def execute(self, context: Context) -> Any:
        self._private_environment = {name: _secret(variable) for name, variable in self.secrets.items()}
        self.container_name = container_name(self.name_parts)
        self._remove_leftover(self.container_name)
        return super().execute(context)

    def _remove_leftover(self, name: str) -> None:
        try:
            self.cli.remove_container(name, force=True)
        except docker.errors.NotFound:
            return
        self.log.warning("removed the container %s that an interrupted attempt left behind", name)


def container_operator(job: Job, arguments: Sequence[Any], settings: JobSettings, **task: Any) -> JobContainerOperator:
    """The task that runs a job in a container of its own."""
    return JobContainerOperator(
        name_parts=[settings.project, job.name, *arguments],
        image=settings.image(job.name),
        command=[*job.command, *arguments],
        environment={**settings.job_environment, **job.environment},
        secrets=job.secrets,
        network_mode=settings.network,
        mem_limit=f"{job.memory_mib}m",
        log_opts_max_size="10m",
        auto_remove="force",
        # The temporary folder of the scheduler's container is not one of the engine's machine.
        mount_tmp_dir=False,
        do_xcom_push=False,
        map_index_template="{{ task.command[-1] }}",
        **task,
    )


def container_name(parts: Sequence[str]) -> str:
    """``p300-preprocessing-job-subject_07``: the same for every attempt at the same work."""
    return "-".join(_NOT_IN_A_NAME.sub("-", part).strip("-") for part in parts)


def _secret(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise AirflowFailException(f"{variable} is not set: the scheduler hands it to the job's container")
    return value
