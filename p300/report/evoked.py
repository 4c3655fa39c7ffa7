"""The average response to Target and NonTarget flashes, over subjects."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from p300.domain import FeatureTable, Float64s, Label
from p300.errors import InvalidInput

MICROVOLTS_PER_VOLT = 1e6


@dataclass(frozen=True)
class Evoked:
    """Grand averages: each subject counts the same.

    Attributes
    ----------
    mean, spread : dict of Label to ndarray, shape (n_channels, n_times)
        Mean and standard deviation over the subjects of each subject's average.
    times_s : ndarray, shape (n_times,)
    unit : str
        "µV", or "a.u." where the recipe normalises the recordings.
    """

    mean: dict[Label, Float64s]
    spread: dict[Label, Float64s]
    times_s: Float64s
    channel_names: tuple[str, ...]
    unit: str
    n_subjects: int


def evoked(tables: Iterable[FeatureTable]) -> Evoked:
    """Average the epochs of each subject, then the subjects; holds one table at a time.

    Raises
    ------
    InvalidInput
        There are no tables.
    """
    total: dict[Label, Float64s] = {}
    squares: dict[Label, Float64s] = {}
    n_subjects = 0
    table = None
    for table in tables:
        n_subjects += 1
        epochs = table.features.reshape(len(table.features), table.n_channels, -1)
        for label in Label:
            average = epochs[table.labels == label].mean(axis=0, dtype=np.float64)
            total[label] = total.get(label, 0) + average
            squares[label] = squares.get(label, 0) + average**2
    if table is None:
        raise InvalidInput("there are no subjects to average: give at least one processed subject")
    recipe = table.provenance.recipe
    physical = recipe.normalisation == "none"
    scale = MICROVOLTS_PER_VOLT if physical else 1.0
    mean = {label: scale * total[label] / n_subjects for label in Label}
    variance = {label: scale**2 * squares[label] / n_subjects - mean[label] ** 2 for label in Label}
    return Evoked(
        mean=mean,
        spread={label: np.sqrt(np.maximum(variance[label], 0)) for label in Label},
        times_s=recipe.window_s[0] + np.arange(mean[Label.Target].shape[1]) / recipe.sfreq_hz,
        channel_names=table.provenance.channel_names,
        unit="µV" if physical else "a.u.",
        n_subjects=n_subjects,
    )
