"""Serve the champion and the challenger until told to stop: what a serving container runs."""

from p300.cli.entry import run_script
from p300.cli.models import serve

if __name__ == "__main__":
    run_script(serve)
