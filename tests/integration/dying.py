"""Run as a script: for each line ``JOB N TRACKING_URI``, promote or roll back in a child that is killed.

The child dies just before its N-th change of an alias. The answer to each line is ``killed``, or
``done`` if there were fewer changes. One process starts all children, because MLflow is slow to
import.
"""

import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from p300.registry import Registry
from p300.rollout.promotion import promote, rollback

CHANGES = ("set_registered_model_alias", "delete_registered_model_alias")
JOBS = {"promote": promote, "rollback": rollback}


def die_before_change(registry: Registry, number: int) -> None:
    """Make the registry kill this process just before its so-and-so-many-th change."""
    remaining = number

    def deadly(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*arguments: Any, **options: Any) -> Any:
            nonlocal remaining
            remaining -= 1
            if remaining == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*arguments, **options)

        return changed

    for name in CHANGES:
        setattr(registry._client, name, deadly(getattr(registry._client, name)))


def main() -> None:
    # What MLflow imports late, so that no child has to.
    import_module("mlflow.store.tracking.sqlalchemy_store")
    import_module("mlflow.store.model_registry.sqlalchemy_store")
    for line in sys.stdin:
        job, number, tracking_uri = line.split()
        child = os.fork()
        if child == 0:
            registry = Registry(tracking_uri)
            die_before_change(registry, int(number))
            JOBS[job](registry)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else "done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
