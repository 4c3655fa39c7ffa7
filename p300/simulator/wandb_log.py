"""A simulation as a Weights & Biases run: online with a key, else in files that can be sent later."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import wandb

from p300.domain import SubjectId

CONNECT_TIMEOUT_S = 10.0

Mode = Literal["online", "offline", "disabled"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WandbProject:
    """A project, and the folder that its runs are written into."""

    name: str
    folder: Path


def record(
    project: WandbProject,
    name: str,
    *,
    config: Mapping[str, object],
    subjects: Mapping[SubjectId, Mapping[str, float]],
    together: Mapping[str, float],
) -> str:
    """Write one run: a row of metrics per subject, and the metrics of all of them as its summary.

    ``WANDB_API_KEY`` makes it an online run; without it nothing is asked and no connection made.
    ``WANDB_MODE`` may still say ``offline`` or ``disabled``. A service that cannot be reached, or
    refuses the key, costs a warning and never the simulation: the run is then written offline.

    Returns
    -------
    str
        Where the run is: an address online, a folder offline, nothing if disabled.
    """
    mode = _mode(os.environ)
    try:
        run = _start(project, name, mode, config)
    except wandb.Error as error:
        logger.warning("Weights & Biases cannot be reached, so this run is kept offline: %s", str(error).split("\n")[0])
        mode = "offline"
        run = _start(project, name, mode, config)
    with run:
        run.define_metric("*", step_metric="subject")
        for subject, metrics in subjects.items():
            run.log({"subject": subject, **metrics})
        run.summary.update(dict(together))
    if mode == "disabled":
        return ""
    return str(run.url) if mode == "online" else str(Path(run.dir).parent)


def _mode(environ: Mapping[str, str]) -> Mode:
    chosen = environ.get("WANDB_MODE", "online")
    if chosen == "disabled":
        return "disabled"
    return "online" if chosen == "online" and environ.get("WANDB_API_KEY") else "offline"


def _start(project: WandbProject, name: str, mode: Mode, config: Mapping[str, object]) -> Any:
    # An absent folder would send wandb to the system's temporary one, and its service process
    # would keep logs in the home folder: for that there is a variable and no setting.
    project.folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("WANDB_CACHE_DIR", str(project.folder.resolve() / "wandb" / "cache"))
    quiet = wandb.Settings(silent=True, console="off", init_timeout=CONNECT_TIMEOUT_S)
    return wandb.init(
        project=project.name,
        name=name,
        job_type="simulation",
        dir=str(project.folder),
        mode=mode,
        config=dict(config),
        settings=quiet,
        reinit="create_new",
    )
