"""What a store knows of an object without reading it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ObjectStatus:
    """Size and time of an object, and a tag that changes whenever it is replaced by other bytes."""

    n_bytes: int
    tag: str
    modified: datetime
