"""Real servers in containers, for the tests that want them: from the images that the platform runs."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest


def need_docker() -> None:
    """Do without a test where no Docker engine answers; see :func:`do_without`."""
    if not docker_answers("info"):
        do_without("no Docker engine answers")


def need_compose() -> None:
    """Do without a test where there is no ``docker compose``; see :func:`do_without`. No engine is needed."""
    if not docker_answers("compose", "version"):
        do_without("there is no Docker with Compose v2")


def build(*arguments: str) -> None:
    """Build an image; without BuildKit, which ours are written for, do without the test.

    Asked for by its name, for a plain ``docker build`` is the old builder on some machines that have both.
    """
    if not docker_answers("buildx", "version"):
        do_without("this Docker has no BuildKit to build images with (its buildx plugin)")
    docker("buildx", "build", "--load", *arguments)


def do_without(reason: str) -> NoReturn:
    """Skip the test; fail where servers are required, as they are before a change lands."""
    if os.environ.get("P300_REQUIRE_SERVERS"):
        pytest.fail(reason)
    pytest.skip(reason)


def docker_answers(*question: str) -> bool:
    """Whether this machine's Docker, if it has one, ends well: asked for ``info`` it does where its engine runs."""
    program = shutil.which("docker")
    return program is not None and not subprocess.run([program, *question], capture_output=True, check=False).returncode


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {arguments[0]}: {done.stderr}"
    return done.stdout


@contextmanager
def container(image: str, port: int, *options: str) -> Iterator[tuple[str, str]]:
    """Name of a container that runs as long as the block, and ``host:port`` where its port is published.

    As Compose runs it, it has no rights and nothing to write on but its volumes and what `options` add.
    """
    name = f"p300-test-{uuid.uuid4().hex[:12]}"
    guards = ["--read-only", "--cap-drop=ALL", "--tmpfs=/tmp"]
    docker("run", "--detach", "--rm", f"--name={name}", f"--publish=127.0.0.1::{port}", *guards, *options, image)
    try:
        yield name, docker("port", name, f"{port}/tcp").split()[0]
    finally:
        docker("rm", "--force", "--volumes", name)
