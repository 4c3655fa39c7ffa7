"""A job: work that needs more than Airflow's own environment, so it runs from an image of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Job:
    """What to start, wherever it runs.

    Attributes
    ----------
    name : str
        Of the service: its image is ``p300/NAME``, its folder in the checkout ``NAME``.
    command : tuple of str
        To run in the service's folder; a task adds its arguments.
    environment : mapping of str to str
        Variables of this job alone, none of them secret.
    secrets : mapping of str to str
        For a variable of the job, what its secret is called: a variable of the scheduler that starts
        containers, a key of the Kubernetes secret.
    memory_mib : int
        The most it may take.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    memory_mib: int = 1024


PREPROCESSING = Job(
    name="preprocessing-job",
    command=("python", "preprocess_subject.py"),
    environment={"AWS_ACCESS_KEY_ID": "p300-preprocessing"},
    secrets={"AWS_SECRET_ACCESS_KEY": "PREPROCESSING_S3_SECRET"},
)
