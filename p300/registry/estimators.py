"""Estimators as MLflow model folders, in skops' format: loading one runs no code that it brings."""

import json
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from p300.domain import Float32s
from p300.errors import InvalidInput
from p300.registry.card import ModelCard
from p300.registry.estimator_file import require_bounded
from p300.registry.records import Origin

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

# It misses pip, which an environment made by uv has no need of.
logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)

_ESTIMATOR_FILE = "model.skops"
_MOST_EXAMPLE_BYTES = 16 * 1024 * 1024
_UNREADABLE = (MlflowException, BadZipFile, ImportError, OSError, AttributeError, KeyError, TypeError, ValueError)
_REQUIREMENTS = ("numpy", "pyriemann", "scikit-learn", "scipy", "skops")


@dataclass(frozen=True)
class TrainedModel:
    """A fitted estimator and all that is registered with it.

    Attributes
    ----------
    estimator : ClassifierMixin
        Takes feature vectors, float32 of shape (n_epochs, n_features); ``classes_`` is [1, 2].
    example : ndarray of float32, shape (n_examples, n_features)
        Feature vectors to try it with.
    metrics : mapping
        Of the run and of the logged model.
    origin : Origin
        The tags of the version.
    """

    estimator: "ClassifierMixin"
    card: ModelCard
    example: Float32s
    metrics: Mapping[str, float] = field(default_factory=dict)
    origin: Origin = field(default_factory=Origin)


def save_model(model: TrainedModel, folder: Path, mlflow_model: Model) -> None:
    """Write a model folder that `mlflow` loads by itself and that carries the card.

    Raises
    ------
    mlflow.exceptions.MlflowException
        The estimator holds a type that is not trusted.
    """
    import mlflow.sklearn  # noqa: PLC0415  (here and below: an image that only reads versions has no skops)
    from mlflow.models import ModelSignature  # noqa: PLC0415
    from mlflow.types import Schema, TensorSpec  # noqa: PLC0415

    from p300.model.candidates import TRUSTED_TYPES  # noqa: PLC0415

    labels = np.asarray(model.estimator.predict(model.example))
    inputs = Schema([TensorSpec(np.dtype(np.float32), (-1, model.example.shape[1]), name=None)])
    outputs = Schema([TensorSpec(labels.dtype, (-1,), name=None)])
    with tempfile.TemporaryDirectory() as card_folder:
        files = []
        for name, content in model.card.files().items():
            file = Path(card_folder) / name
            file.write_text(json.dumps(content))
            files.append(str(file))
        mlflow.sklearn.save_model(
            model.estimator,
            str(folder),
            mlflow_model=mlflow_model,
            serialization_format="skops",
            skops_trusted_types=list(TRUSTED_TYPES),
            signature=ModelSignature(inputs=inputs, outputs=outputs),
            input_example=model.example,
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
            extra_files=files,
        )


def load_estimator(folder: Path) -> "ClassifierMixin":
    """Load the estimator of a downloaded model folder.

    Only types of scikit-learn, numpy and ours are let in. MLflow would trust whatever list the
    folder itself brings.

    Raises
    ------
    InvalidInput
        The folder holds no estimator, one in another format, one with a foreign type, or one that would take more
        memory than any of ours.
    """
    import skops.io  # noqa: PLC0415
    from skops.io.exceptions import UntrustedTypesFoundException  # noqa: PLC0415

    from p300.model.candidates import TRUSTED_TYPES  # noqa: PLC0415

    try:
        flavor = Model.load(str(folder)).flavors["sklearn"]
        if flavor["serialization_format"] != "skops":
            raise InvalidInput(f"{folder} holds a {flavor['serialization_format']} model, expected skops")
        require_bounded(folder / _ESTIMATOR_FILE)
        estimator: ClassifierMixin = skops.io.load(folder / _ESTIMATOR_FILE, trusted=list(TRUSTED_TYPES))
    except UntrustedTypesFoundException as error:
        raise InvalidInput(f"{folder} holds a model that is not trusted: {error}") from error
    except _UNREADABLE as error:
        raise InvalidInput(f"{folder} holds no scikit-learn model that can be loaded ({error})") from error
    return estimator


def read_example(folder: Path) -> Float32s | None:
    """The input example that was logged with a model, shape (n_examples, n_features); None where there is none.

    Read by hand: MLflow's own way imports for a second what serving has no other use for.

    Raises
    ------
    InvalidInput
        What is there is no list of feature vectors.
    """
    try:
        logged = Model.load(str(folder)).saved_input_example_info or {}
        if logged.get("type") != "ndarray":
            return None
        file = folder / Path(logged["artifact_path"]).name
        if file.stat().st_size > _MOST_EXAMPLE_BYTES:
            return None
        content = json.loads(file.read_text())
        example = np.asarray(content["inputs"] if isinstance(content, dict) else content, dtype=np.float32)
    except (*_UNREADABLE, RecursionError) as error:
        raise InvalidInput(f"the input example in {folder} cannot be read ({error})") from error
    if example.ndim != 2:
        raise InvalidInput(f"the input example in {folder} has shape {example.shape}, expected (examples, features)")
    return example
