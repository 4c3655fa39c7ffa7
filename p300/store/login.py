"""Whose key opens which S3 server, where it is not the environment that says so."""

from dataclasses import dataclass, field

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class S3Login:
    """An S3 server and a key to it, in place of the standard AWS variables."""

    endpoint_url: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = DEFAULT_REGION
