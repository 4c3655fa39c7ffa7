"""Docker Compose, asked about one environment, in that environment's variables."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from p300.errors import P300Error, Unavailable
from p300.stack.environment import Environment, committed_file

MAIN = "docker-compose.yaml"
AIRFLOW = "airflow-compose.yaml"
# Laid over the main file: the same stack on another S3 server.
VERSITYGW = "versitygw-compose.yaml"

HEALTHY_S = 300
_LINES_OF_REASON = 5


@dataclass(frozen=True)
class Compose:
    """One compose file of an environment, with what is laid over it.

    Every call raises :class:`p300.errors.Unavailable` where there is no Docker, and
    :class:`p300.errors.P300Error` with Docker's own words where it refuses.
    """

    environment: Environment
    files: tuple[str, ...]

    @property
    def is_written(self) -> bool:
        return all((self.environment.root / file).is_file() for file in self.files)

    def check(self) -> None:
        """Let Compose read the files, and start nothing."""
        self._run("config", "--quiet")

    def services(self) -> dict[str, dict[str, Any]]:
        """The services as Compose resolves them, by name."""
        services: dict[str, dict[str, Any]] = json.loads(self._run("config", "--format", "json"))["services"]
        return services

    def running(self) -> list[str]:
        """Names of the services that run, sorted."""
        return sorted(self._run("ps", "--services", "--status", "running").split())

    def build(self, service: str) -> None:
        self._run("build", service)

    @contextmanager
    def stopped(self, services: Sequence[str]) -> Iterator[None]:
        """Stop services, and start them again however the work in between ends.

        Raises
        ------
        P300Error
            One of them does not become healthy again in five minutes.
        """
        if not services:
            yield
            return
        self._run("stop", *services)
        try:
            yield
        except BaseException:
            with suppress(P300Error):  # what went wrong first is what must be said
                self._run("start", *services)
            raise
        self._run("start", *services)
        self._await_health(services)

    def _await_health(self, services: Sequence[str]) -> None:
        again = ("--detach", "--no-deps", "--no-recreate", "--no-build", "--wait")
        self._run("up", *again, "--wait-timeout", str(HEALTHY_S), *services)

    def execute(
        self,
        service: str,
        command: str,
        *,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> str:
        """Run a line of shell in a running service; gives what it wrote unless that goes to `stdout`."""
        return self._run("exec", "--no-TTY", service, "sh", "-c", command, stdin=stdin, stdout=stdout)

    def _run(self, *arguments: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None) -> str:
        files = [part for file in self.files for part in ("--file", file)]
        options = ["--env-file", committed_file(self.environment.name), *files]
        return docker(
            ["compose", *options, *arguments],
            folder=self.environment.root,
            variables=self.environment.values,
            stdin=stdin,
            stdout=stdout,
        )


def docker(
    arguments: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> str:
    """Run ``docker`` and give what it wrote.

    Raises
    ------
    Unavailable
        There is no Docker here.
    P300Error
        It ended with an error; its last words are in the sentence.
    """
    program = shutil.which("docker")
    if program is None:
        raise Unavailable("there is no docker command on this machine: install Docker with its compose plugin")
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
        raise P300Error(f"docker {arguments[0]} ended with {done.returncode}: {_last_words(done)}")
    return (done.stdout or b"").decode(errors="replace")


def _last_words(done: "subprocess.CompletedProcess[bytes]") -> str:
    said = (done.stderr or done.stdout or b"").decode(errors="replace")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return " / ".join(lines[-_LINES_OF_REASON:]) or "it said nothing"
