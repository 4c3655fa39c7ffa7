"""Small feature tables with the structure of the real ones: correlated noise, and a P300 on some channels."""

from collections.abc import Callable

import numpy as np
import pytest

from p300.domain import FeatureTable, Float32s, Label, Labels, Recipe, SubjectId
from tests import builders

N_CHANNELS, N_TIMES = 6, 14

MakeTable = Callable[..., FeatureTable]
Tables = dict[SubjectId, FeatureTable]


@pytest.fixture
def make_table() -> MakeTable:
    """A table of given features and labels."""

    def make(
        features: Float32s, labels: Labels, n_channels: int = N_CHANNELS, recipe: Recipe | None = None
    ) -> FeatureTable:
        names = tuple(f"C{number}" for number in range(n_channels))
        return builders.make_table(features, labels, channel_names=names, recipe=recipe)

    return make


@pytest.fixture
def tables(make_table: MakeTable) -> Tables:
    """Six subjects with 110 to 160 epochs of 6 channels and 14 times, in volts."""
    return {SubjectId(number): _subject(make_table, number) for number in range(1, 7)}


def _subject(make_table: MakeTable, number: int) -> FeatureTable:
    rng = np.random.default_rng(number)
    n_epochs = 100 + 10 * number
    labels = np.where(np.arange(n_epochs) % 6 == 0, Label.Target, Label.NonTarget)
    mixing = np.random.default_rng(0).standard_normal((N_CHANNELS, N_CHANNELS))
    noise = np.cumsum(rng.standard_normal((n_epochs, N_CHANNELS, N_TIMES)), axis=2)
    epochs = mixing @ (noise - 0.7 * noise.mean(axis=2, keepdims=True))
    times = np.arange(N_TIMES)
    p300 = np.exp(-(((times - 8 - rng.normal()) / 2) ** 2)) * np.linspace(0, 4, N_CHANNELS)[:, None]
    epochs[labels == Label.Target] += p300
    epochs += 0.5 * np.sin(times)
    return make_table(epochs.reshape(n_epochs, -1) * 5e-6, labels)
