"""The registry: runs, versions, aliases and training subjects in MLflow. Only this package imports it."""

import os
from importlib import import_module
from typing import TYPE_CHECKING

# MLflow reads these when it is imported or at each request. What the environment sets already stays.
# Seven retries with growing pauses would make a server that is away look like a hang of minutes;
# telemetry would reach into the network.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# A connection a transaction: a database file that is replaced is followed, and a deleted one is not read for ever.
os.environ.setdefault("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

if TYPE_CHECKING:
    from p300.registry.card import ModelCard, read_card
    from p300.registry.entities import ModelVersion, Simulation
    from p300.registry.estimators import TrainedModel, load_estimator, read_example
    from p300.registry.forgetting import forget_cached_examples
    from p300.registry.overview import VersionOverview, read_overview
    from p300.registry.records import RunKind
    from p300.registry.runs import Run
    from p300.registry.versions import Registry

__all__ = [
    "ModelCard",
    "ModelVersion",
    "Registry",
    "Run",
    "RunKind",
    "Simulation",
    "TrainedModel",
    "VersionOverview",
    "forget_cached_examples",
    "load_estimator",
    "read_card",
    "read_example",
    "read_overview",
]

_MODULES = {
    "card": ("ModelCard", "read_card"),
    "estimators": ("TrainedModel", "load_estimator", "read_example"),
    "forgetting": ("forget_cached_examples",),
    "overview": ("VersionOverview", "read_overview"),
    "records": ("RunKind",),
    "runs": ("Run",),
    "entities": ("ModelVersion", "Simulation"),
    "versions": ("Registry",),
}


def __getattr__(name: str) -> object:
    """Import the module of a name when it is asked for: MLflow takes more than a second, and not everybody needs it."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
