"""Deployment settings, from the environment. Read by entry points only, never on import."""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from p300.domain import SERVED_ALIASES
from p300.errors import InvalidInput

SomeSettings = TypeVar("SomeSettings", bound=BaseSettings)


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
    served_aliases: Annotated[tuple[str, ...], NoDecode] = Field(
        SERVED_ALIASES, description="aliases that one process serves, separated by commas", min_length=1
    )
    alias_poll_s: float = Field(2.0, gt=0, description="how often serving asks MLflow which version an alias is on")
    start_wait_s: float = Field(
        0.0, ge=0, description="how long a starting service refuses connections until it knows what to serve"
    )
    max_epochs: int = Field(4096, ge=1, description="most epochs in one prediction request")
    max_body_bytes: int = Field(64 * 1024 * 1024, ge=1024, description="most bytes in one prediction request")
    drain_s: float = Field(10.0, ge=0, description="how long requests may finish after SIGTERM")
    wandb_project: str = Field("p300", description="Weights & Biases project of the simulations")
    wandb_dir: Path = Field(Path(".p300"), description="where Weights & Biases writes when it is offline")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="what is logged")

    @property
    def base_url(self) -> str:
        """Where `p300 serve` answers under these settings."""
        return f"http://{self.host}:{self.port}"

    @field_validator("served_aliases", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(alias.strip() for alias in value.split(",") if alias.strip())
        return value


def load_settings() -> Settings:
    """Read the settings from the environment; see :func:`read_settings`."""
    return read_settings(Settings)


def read_settings(kind: type[SomeSettings]) -> SomeSettings:
    """Read settings of a kind from the environment.

    Raises
    ------
    InvalidInput
        Naming every variable whose value cannot be used, with the reason.
    """
    try:
        return kind()
    except ValidationError as error:
        raise InvalidInput(f"settings: {'; '.join(refused_values(error))}") from error


def refused_values(error: ValidationError) -> list[str]:
    """A sentence for each variable whose value a settings class refused."""
    return [f"{variable_of(str(entry['loc'][0]))} is {entry['input']!r}: {entry['msg']}" for entry in error.errors()]


def variable_of(field: str) -> str:
    """Name of the environment variable of a field, or of a variable that is named already."""
    return field.upper() if field.isupper() or field == "mlflow_tracking_uri" else f"P300_{field.upper()}"
