"""Where jobs run, from the environment. Read when a DAG file is read, never on import of this package."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

import p300
from p300.jobs.recordings.chosen_recipe import chosen_recipe
from p300.settings import read_settings

CHECKOUT = Path(p300.__file__).resolve().parents[1]


class JobSettings(BaseSettings):
    """What the runners must know of the place they start jobs in."""

    model_config = SettingsConfigDict(env_prefix="P300_", extra="ignore")

    job_runner: Literal["docker", "process", "kubernetes"] = Field("process", description="where a job runs")
    env: str = Field("dev", description="which environment this is")
    store_url: str = Field(".p300/store", description="the store that jobs open")
    recipe: str = Field("", description="the recipe of jobs: a JSON file, or the JSON itself")
    aws_endpoint_url: str = Field("", validation_alias="AWS_ENDPOINT_URL", description="the S3 server that jobs ask")
    project: str = Field("p300", description="what the names of job containers begin with")
    network: str = Field("p300", description="Docker network that job containers join")
    image_prefix: str = Field("p300/", description="registry and path of the images of jobs")
    image_tag: str = Field("dev", description="tag of the images of jobs")
    job_python: Path = Field(CHECKOUT / ".venv/bin/python", description="Python that has p300, for jobs as processes")
    checkout: Path = Field(CHECKOUT, description="folder of the services' folders, for jobs as processes")
    kubernetes_namespace: str = Field("p300", description="namespace of the pods of jobs")
    kubernetes_secret: str = Field("p300", description="Kubernetes secret that holds what jobs need")

    def image(self, name: str) -> str:
        """Full name of a service's image."""
        return f"{self.image_prefix}{name}:{self.image_tag}"

    @property
    def job_environment(self) -> dict[str, str]:
        """Variables that every job gets: which environment, which store, and which recipe if it is not the default.

        The recipe is its text, because a job in a container or a pod has not the file.
        """
        variables = {
            "P300_ENV": self.env,
            "P300_STORE_URL": self.store_url,
            "P300_RECIPE": chosen_recipe(self.recipe).to_json() if self.recipe else "",
            "AWS_ENDPOINT_URL": self.aws_endpoint_url,
        }
        return {name: value for name, value in variables.items() if value}


def load_job_settings() -> JobSettings:
    """Read the settings from the environment; see :func:`p300.settings.read_settings`."""
    return read_settings(JobSettings)
