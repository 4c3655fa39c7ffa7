"""The average response to Target and NonTarget flashes, over subjects."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from p300.domain import FeatureTable, Float64s, Label, Provenance
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


class Averages:
    """Adds up the average responses of subjects, each counting the same."""

    def __init__(self) -> None:
        self._provenance: Provenance | None = None
        self._n_subjects = dict.fromkeys(Label, 0)
        self._totals: dict[Label, Float64s] = {}
        self._squares: dict[Label, Float64s] = {}

    def add(self, table: FeatureTable) -> None:
        """Add a subject; one without epochs of a class says nothing of that class."""
        self._provenance = table.provenance
        for label in Label:
            epochs = table.features[table.labels == label]
            if len(epochs):
                average = epochs.mean(axis=0, dtype=np.float64).reshape(table.n_channels, -1)
                self._n_subjects[label] += 1
                self._totals[label] = self._totals.get(label, 0) + average
                self._squares[label] = self._squares.get(label, 0) + average**2

    def evoked(self) -> Evoked:
        """Of the subjects so far.

        Raises
        ------
        InvalidInput
            There were none, or none had epochs of a class.
        """
        if self._provenance is None:
            raise InvalidInput("there are no subjects to average: give at least one processed subject")
        if len(self._totals) < len(Label):
            raise InvalidInput("there are no responses to average: no subject has epochs of both classes")
        recipe = self._provenance.recipe
        physical = recipe.normalisation == "none"
        scale = MICROVOLTS_PER_VOLT if physical else 1.0
        mean = {label: scale * self._totals[label] / self._n_subjects[label] for label in Label}
        squares = {label: scale**2 * self._squares[label] / self._n_subjects[label] for label in Label}
        return Evoked(
            mean=mean,
            spread={label: np.sqrt(np.maximum(squares[label] - mean[label] ** 2, 0)) for label in Label},
            times_s=recipe.window_s[0] + np.arange(mean[Label.Target].shape[1]) / recipe.sfreq_hz,
            channel_names=self._provenance.channel_names,
            unit="µV" if physical else "a.u.",
            n_subjects=max(self._n_subjects.values()),
        )


def evoked(tables: Iterable[FeatureTable]) -> Evoked:
    """Average the epochs of each subject, then the subjects; holds one table at a time.

    Raises
    ------
    InvalidInput
        There are no tables, or none with epochs of a class.
    """
    averages = Averages()
    for table in tables:
        averages.add(table)
    return averages.evoked()
