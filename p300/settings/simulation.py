"""What the simulator reads beside the addresses of others."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from p300.settings.reading import OWN_VARIABLES


class SimulationSettings(BaseSettings):
    """Where simulations are recorded."""

    model_config = OWN_VARIABLES

    wandb_project: str = Field("p300", description="Weights & Biases project of the simulations")
    wandb_dir: Path = Field(Path(".p300"), description="where Weights & Biases writes when it is offline")
