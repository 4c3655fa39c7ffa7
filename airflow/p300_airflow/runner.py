"""One setting, ``P300_JOB_RUNNER``, chooses where a job runs."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator

from p300_airflow.job import Job
from p300_airflow.settings import load_job_settings


def job_operator(job: Job, arguments: Sequence[Any], **task: Any) -> BaseOperator:
    """The task that runs a job with these arguments.

    Parameters
    ----------
    arguments : sequence
        Of the job's command: text, or what an upstream task or a mapped task group hands over.
    **task
        What every Airflow operator takes: ``task_id``, ``retries`` and so on.

    Raises
    ------
    InvalidInput
        A setting cannot be used, such as ``P300_JOB_RUNNER`` with an unknown runner.
    """
    settings = load_job_settings()
    # Each runner brings its provider, which takes a second to import: only the chosen one does.
    match settings.job_runner:
        case "docker":
            from p300_airflow.container import container_operator  # noqa: PLC0415

            return container_operator(job, arguments, settings, **task)
        case "kubernetes":
            from p300_airflow.pod import pod_operator  # noqa: PLC0415

            return pod_operator(job, arguments, settings, **task)
        case "process":
            from p300_airflow.process import process_operator  # noqa: PLC0415

            return process_operator(job, arguments, settings, **task)
