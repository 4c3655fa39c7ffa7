"""Versions on a shelf: folders that serving can follow as it follows a registry, without MLflow's database."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from mlflow.models import Model
from sklearn.base import ClassifierMixin

from p300.domain import CHAMPION, MODEL_NAME, Float32s
from p300.domain.recipe import Recipe
from p300.errors import NotFound, Unavailable
from p300.registry import ModelCard, ModelVersion, TrainedModel
from p300.registry.estimators import save_model


class Shelf:
    """What following needs of a registry. While `is_away` it does not answer."""

    def __init__(self, folder: Path) -> None:
        self.model_name = MODEL_NAME
        self.folder = folder
        self.is_away = False
        self.aliases: dict[str, int] = {}
        self._n_versions = 0

    def register(
        self, estimator: ClassifierMixin, example: Float32s, *, channels: Sequence[str], alias: str = CHAMPION
    ) -> ModelVersion:
        """Put an estimator on the shelf as the next version, and an alias on it."""
        self._n_versions += 1
        card = ModelCard((), Recipe(), tuple(channels))
        model = TrainedModel(estimator, card, np.asarray(example))
        save_model(model, self.folder / str(self._n_versions), Model())
        self.aliases[alias] = self._n_versions
        return self._version(self._n_versions)

    def version_under(self, alias: str) -> ModelVersion | None:
        self._answer()
        version = self.aliases.get(alias)
        if version is None:
            return None
        if not 1 <= version <= self._n_versions:
            raise NotFound(f"version {version} is not on the shelf")
        return self._version(version)

    def download(self, version: ModelVersion, folder: Path) -> Path:
        self._answer()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder / str(version.version), folder)
        return folder

    def _answer(self) -> None:
        if self.is_away:
            raise Unavailable("the shelf is away")

    def _version(self, version: int) -> ModelVersion:
        return ModelVersion(version, f"run{version}", (), {}, datetime(2026, 1, 1, tzinfo=UTC))
