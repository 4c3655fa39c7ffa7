"""Train a version of the model: what a training container runs. The options are those of ``p300 train``."""

from p300.cli.entry import run_script
from p300.cli.models import train

if __name__ == "__main__":
    run_script(train)
