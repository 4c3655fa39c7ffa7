"""The machines that people have, played by a PATH of their own: with which parts of Docker, and without which.

    python -m tests.machines without-compose pytest tests/project

runs a command on one of them. Where a machine has a part, it is this machine's own; it must be here then.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from enum import StrEnum
from pathlib import Path

NOWHERE = "unix:///nowhere/docker.sock"


class Machine(StrEnum):
    """How much of Docker there is."""

    WITHOUT_DOCKER = "without-docker"
    WITHOUT_COMPOSE = "without-compose"
    WITHOUT_ENGINE = "without-engine"
    COMPLETE = "complete"


# What Docker's client says of a plugin that it lacks, with its exit codes: 28.2 here, and 20.10 below.
_UNKNOWN_FLAG = """\
echo "unknown flag: $2

Usage:  docker [OPTIONS] COMMAND [ARG...]

Run 'docker --help' for more information" >&2
exit 125"""
_WITHOUT_COMPOSE = f"""\
if [ "$1" = compose ]; then
    case "$2" in -*) {_UNKNOWN_FLAG} ;; esac
    echo "docker: 'compose' is not a docker command.
See 'docker --help'" >&2
    exit 1
fi
"""
_NO_ENGINE = """\
echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2
exit 1
"""


def play(machine: Machine, folder: Path, client: str | None = None) -> dict[str, str]:
    """Make a machine in a folder; gives the variables of a process that runs on it.

    Parameters
    ----------
    client : str, optional
        Shell that answers what the machine's Docker has, in place of this machine's own.
    """
    programs = folder / "bin"
    programs.mkdir()
    _link_everything_but_docker(programs)
    if machine is not Machine.WITHOUT_DOCKER:
        stand_in = programs / "docker"
        stand_in.write_text(f"#!/bin/sh\n{_script(machine, client or _this_machines())}")
        stand_in.chmod(0o755)
    # What is required of this machine is not required of the one that is played.
    required = {} if machine is Machine.COMPLETE else {"P300_REQUIRE_SERVERS": ""}
    return {**os.environ, **required, "PATH": str(programs)}


def _script(machine: Machine, client: str) -> str:
    match machine:
        case Machine.WITHOUT_COMPOSE:
            return _WITHOUT_COMPOSE + client
        case Machine.WITHOUT_ENGINE:
            return f"export DOCKER_HOST={NOWHERE}\n{client}"
        case _:
            return client


def _this_machines() -> str:
    docker = shutil.which("docker")
    return f'exec {docker} "$@"\n' if docker else _NO_ENGINE


def _link_everything_but_docker(folder: Path) -> None:
    for place in map(Path, os.environ["PATH"].split(os.pathsep)):
        for program in place.iterdir() if place.is_dir() else ():
            if not program.name.startswith("docker") and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)


def main() -> None:
    name, *command = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(subprocess.run(command, env=play(Machine(name), Path(folder)), check=False).returncode)


if __name__ == "__main__":
    main()
