"""What the prediction service reads."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from p300.domain import SERVED_ALIASES
from p300.settings.reading import OWN_VARIABLES


class ServingAddress(BaseSettings):
    """Where the service answers: what its clients on the same machine read, too."""

    model_config = OWN_VARIABLES

    host: str = Field("127.0.0.1", description="address that `p300 serve` listens on")
    port: int = Field(8000, ge=0, le=65535, description="port that `p300 serve` listens on; 0 takes a free one")

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"


class ServingSettings(ServingAddress):
    """The service: which aliases it follows, and how much it takes."""

    cache_dir: Path = Field(Path(".p300/cache"), description="where serving keeps the last good version of each alias")
    served_aliases: Annotated[tuple[str, ...], NoDecode] = Field(
        SERVED_ALIASES, description="aliases that one process serves, separated by commas", min_length=1
    )
    alias_poll_s: float = Field(2.0, gt=0, description="how often serving asks MLflow which version an alias is on")
    start_wait_s: float = Field(
        0.0, ge=0, description="how long a starting service refuses connections until it knows what to serve"
    )
    max_epochs: int = Field(4096, ge=1, description="most epochs in one prediction request")
    max_body_bytes: int = Field(64 * 1024 * 1024, ge=1024, description="most bytes in one prediction request")
    max_header_bytes: int = Field(32 * 1024, ge=1024, description="most bytes in the headers of one request")
    max_pending_bytes: int = Field(
        128 * 1024 * 1024, ge=1024, description="most bytes of all requests that are not answered yet"
    )
    max_connections: int = Field(10_000, ge=1, description="most connections; the longest idle make room for new ones")
    header_wait_s: float = Field(10.0, gt=0, description="how long the headers of a request may take to come")
    body_wait_s: float = Field(
        20.0, gt=0, description="how long a body may take to come, and a second more for each 16 KiB of it"
    )
    idle_wait_s: float = Field(75.0, gt=0, description="how long a connection may stay open without a request")
    send_wait_s: float = Field(30.0, gt=0, description="how long a client may leave its answer unread")
    drain_s: float = Field(10.0, ge=0, description="how long requests may finish after SIGTERM")

    @field_validator("served_aliases", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(alias.strip() for alias in value.split(",") if alias.strip())
        return value
