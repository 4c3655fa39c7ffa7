"""The ``p300`` command, also as ``python -m p300``."""

import sys


def main() -> None:
    """Run the command; Ctrl-C ends it in one way, also while Python is still importing it."""
    try:
        from p300.cli.app import main as run_command  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.exit(130)
    run_command()


if __name__ == "__main__":
    main()
