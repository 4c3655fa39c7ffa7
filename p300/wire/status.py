"""What a service says of itself: whether it lives, and what answers for each alias."""

from typing import Literal

from pydantic import BaseModel

LIVE_PATH = "/health/live"
READY_PATH = "/health/ready"


class AliasStatus(BaseModel):
    """What answers for an alias; `error` is what went wrong and is not over yet."""

    state: Literal["starting", "serving", "empty"]
    version: int | None = None
    run_id: str | None = None
    error: str | None = None


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Readiness(BaseModel):
    """Ready as soon as a model answers for one alias at least."""

    status: Literal["ready", "not ready"]
    models: dict[str, AliasStatus]
