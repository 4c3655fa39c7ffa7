"""Docker Compose, asked about one environment, in that environment's variables."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from p300.errors import P300Error
from p300.stack.docker import docker
from p300.stack.environment import Environment, committed_file

MAIN = "docker-compose.yaml"
AIRFLOW = "airflow-compose.yaml"
# Laid over the main file: the same stack on another S3 server.
VERSITYGW = "versitygw-compose.yaml"

HEALTHY_S = 300


@dataclass(frozen=True)
class Compose:
    """One compose file of an environment, with what is laid over it.

    Every call raises as :func:`p300.stack.docker.docker` does.
    """

    environment: Environment
    files: tuple[str, ...]

    @property
    def is_written(self) -> bool:
        return all((self.environment.root / file).is_file() for file in self.files)

    def check(self) -> None:
        """Let Compose read the files, and start nothing."""
        self._run("config", "--quiet", needs_engine=False)

    def services(self) -> dict[str, dict[str, Any]]:
        """The services as Compose resolves them, by name."""
        services: dict[str, dict[str, Any]] = json.loads(self._run("config", "--format", "json", needs_engine=False))[
            "services"
        ]
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

    def _run(
        self,
        *arguments: str,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        needs_engine: bool = True,
    ) -> str:
        files = [part for file in self.files for part in ("--file", file)]
        options = ["--env-file", committed_file(self.environment.name), *files]
        return docker(
            ["compose", *options, *arguments],
            folder=self.environment.root,
            variables=self.environment.values,
            stdin=stdin,
            stdout=stdout,
            needs_engine=needs_engine,
        )
