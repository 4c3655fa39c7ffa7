"""Deployment settings, from the environment. Read by entry points only, never on import."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What differs between the embedded default and the platform; the code is the same.

    The standard ``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY`` are read
    by boto3 itself, and ``WANDB_API_KEY`` by wandb.
    """

    model_config = SettingsConfigDict(env_prefix="P300_", extra="ignore")

    env: Literal["dev", "staging", "prod"] = Field("dev", description="which environment this is")
    store_url: str = Field(".p300/store", description="a folder, or s3:// for an S3 server")
    mlflow_tracking_uri: str = Field(
        "sqlite:///.p300/mlflow.db",
        validation_alias=AliasChoices("MLFLOW_TRACKING_URI", "mlflow_tracking_uri"),
        description="MLflow's database or server",
    )
    cache_dir: Path = Field(Path(".p300/cache"), description="where serving keeps the last good version of each alias")
    host: str = Field("127.0.0.1", description="address that `p300 serve` listens on")
    port: int = Field(8000, ge=0, le=65535, description="port that `p300 serve` listens on; 0 takes a free one")
    served_aliases: tuple[str, ...] = Field(("champion", "challenger"), description="aliases that one process serves")
    alias_poll_s: float = Field(2.0, gt=0, description="how often serving asks MLflow which version an alias is on")
    max_epochs: int = Field(4096, ge=1, description="most epochs in one prediction request")
    max_body_bytes: int = Field(64 * 1024 * 1024, ge=1024, description="most bytes in one prediction request")
    drain_s: float = Field(10.0, ge=0, description="how long requests may finish after SIGTERM")
    wandb_project: str = Field("p300", description="Weights & Biases project of the simulations")
    wandb_dir: Path = Field(Path(".p300"), description="where Weights & Biases writes when it is offline")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="what is logged")
