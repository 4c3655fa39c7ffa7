"""``python -m p300`` is the ``p300`` command."""

from p300.cli.app import main

if __name__ == "__main__":
    main()
