"""What every process of a deployment may ask: where it runs, and what it logs."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from p300.settings.reading import OWN_VARIABLES


class DeploymentSettings(BaseSettings):
    """Which environment a process belongs to."""

    model_config = OWN_VARIABLES

    env: Literal["dev", "staging", "prod"] = Field("dev", description="which environment this is")


class LogSettings(BaseSettings):
    """What a process says of its work."""

    model_config = OWN_VARIABLES

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="what is logged")
