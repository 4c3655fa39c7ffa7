"""The ``docker`` command of this machine: run, and where it cannot do its work, what is missing."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from p300.errors import P300Error, Unavailable

NO_CLIENT = "there is no docker command on this machine: install Docker with its Compose v2 plugin"
NO_COMPOSE = "this Docker has no Compose v2 plugin: install it (https://docs.docker.com/compose/install/linux/)"
NO_ENGINE = "no Docker engine answers ({reason}): start it, or set DOCKER_HOST to one that runs"

_LINES_OF_REASON = 5


def docker(
    arguments: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
    needs_engine: bool = True,
) -> str:
    """Run ``docker`` and give what it wrote.

    Parameters
    ----------
    needs_engine : bool
        False for what the client does alone: then an engine that is away is not what is wrong.

    Raises
    ------
    Unavailable
        There is no Docker here, or it lacks Compose v2, or its engine does not answer.
    P300Error
        It ended with an error; its last words are in the sentence.
    """
    program = shutil.which("docker")
    if program is None:
        raise Unavailable(NO_CLIENT)
    done = subprocess.run(  # noqa: S603  (arguments of ours, no shell)
        [program, *arguments],
        cwd=folder,
        env={**os.environ, **(variables or {})},
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        # Asked only now: what works needs no doubt, and what the client says of a plugin it lacks is no sentence.
        if arguments[0] == "compose" and not _answers(program, "compose", "version"):
            raise Unavailable(NO_COMPOSE)
        if needs_engine and not _answers(program, "info"):
            raise Unavailable(NO_ENGINE.format(reason=_last_words(done, 1)))
        raise P300Error(f"docker {arguments[0]} ended with {done.returncode}: {_last_words(done, _LINES_OF_REASON)}")
    return (done.stdout or b"").decode(errors="replace")


def _answers(program: str, *question: str) -> bool:
    return subprocess.run([program, *question], capture_output=True, check=False).returncode == 0  # noqa: S603  (ours)


def _last_words(done: "subprocess.CompletedProcess[bytes]", n_lines: int) -> str:
    said = (done.stderr or done.stdout or b"").decode(errors="replace")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return " / ".join(lines[-n_lines:]) or "it said nothing"
