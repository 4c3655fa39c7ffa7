"""Serve the champion and the challenger until told to stop."""

import logging
import sys

from p300.errors import P300Error
from p300.registry import Registry
from p300.serving.server import serve
from p300.settings import Settings


def main() -> int:
    settings = Settings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        serve(Registry(settings.mlflow_tracking_uri), settings)
    except P300Error as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
