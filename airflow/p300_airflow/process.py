"""Jobs as processes in p300's own virtual environment: for tests, and for one machine without Docker."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator

from p300_airflow.job import Job
from p300_airflow.settings import JobSettings


def process_operator(job: Job, arguments: Sequence[Any], settings: JobSettings, **task: Any) -> BashOperator:
    """The task that runs a job as a process, with the store's credentials that Airflow itself has.

    Arguments reach the shell as variables, so nothing in them is shell to it.
    """
    words = {f"WORD_{number}": word for number, word in enumerate([*job.command, *arguments])}
    return BashOperator(
        bash_command="exec " + " ".join(f'"${name}"' for name in words),
        env={
            **words,
            # `python` and `p300` are those of p300's environment, not Airflow's.
            "PATH": f"{settings.job_python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            **settings.job_environment,
            "P300_STORE_URL": _absolute(settings.store_url),
        },
        append_env=True,
        cwd=str(settings.checkout / job.name),
        skip_on_exit_code=None,
        do_xcom_push=False,
        map_index_template=f"{{{{ task.env['WORD_{len(words) - 1}'] }}}}",
        **task,
    )


def _absolute(store_url: str) -> str:
    """The same folder for the job, which runs in another one."""
    return store_url if "://" in store_url else str(Path(store_url).expanduser().resolve())
