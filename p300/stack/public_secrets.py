"""Secrets that the whole world knows, because they are those of dev, and the refusal to start with one elsewhere.

An image without p300's command line asks it as ``python -m p300.stack.public_secrets NAME...``, with the names of the
variables that hold its secrets.
"""

import os
import sys
from collections.abc import Iterable, Mapping

from p300.errors import InvalidInput

PUBLIC_PREFIX = "dev-"
DEV = "dev"


def public_among(secrets: Mapping[str, str], environment: str) -> tuple[str, ...]:
    """Names of the secrets that begin like those of dev; in dev itself that is no fault."""
    return () if environment == DEV else tuple(name for name in secrets if secrets[name].startswith(PUBLIC_PREFIX))


def require_private(names: Iterable[str], environment: str, variables: Mapping[str, str] = os.environ) -> None:
    """Refuse to go on with secrets that are missing or public.

    Parameters
    ----------
    names : iterable of str
        Of the variables that hold secrets.

    Raises
    ------
    InvalidInput
        Naming every one that is missing, or else every one that everybody knows.
    """
    secrets = {name: variables.get(name, "") for name in names}
    missing = [name for name, value in secrets.items() if not value]
    if missing:
        raise InvalidInput(f"missing in the environment: {', '.join(missing)}")
    public = public_among(secrets, environment)
    if public:
        raise InvalidInput(
            f"{', '.join(public)} begins with {PUBLIC_PREFIX}, so everybody knows it: "
            f"give {environment} secrets of its own"
        )


def main() -> None:
    try:
        require_private(sys.argv[1:], os.environ.get("P300_ENV", ""))
    except InvalidInput as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
