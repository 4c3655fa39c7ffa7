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
        "µV", or "a.u." where a recording was normalised and its table does not say by what.
    """

    mean: dict[Label, Float64s]
    spread: dict[Label, Float64s]
    times_s: Float64s
    channel_names: tuple[str, ...]
    unit: str
    n_subjects: int

    @property
    def difference(self) -> Float64s:
        """Target minus NonTarget, shape (n_channels, n_times)."""
        return self.mean[Label.Target] - self.mean[Label.NonTarget]


class Averages:
    """Adds up the average responses of subjects, each counting the same.

    Normalised epochs are averaged in microvolts where every table says how to come back to them.
    """

    def __init__(self) -> None:
        self._first: Provenance | None = None
        self._in_features: dict[Label, list[Float64s]] = {label: [] for label in Label}
        self._in_microvolts: dict[Label, list[Float64s]] = {label: [] for label in Label}

    def add(self, table: FeatureTable) -> None:
        """Add a subject; one without epochs of a class says nothing of that class.

        Raises
        ------
        InvalidInput
            Its channels or recipe are not those of the subjects before.
        """
        first = self._first = self._first or table.provenance
        if _layout(table.provenance) != _layout(first):
            raise InvalidInput("responses of other channels, or of another recipe, cannot be averaged with these")
        to_volts = _to_volts(table)
        for label in Label:
            epochs = table.features[table.labels == label]
            if len(epochs):
                average = epochs.mean(axis=0, dtype=np.float64).reshape(table.n_channels, -1)
                self._in_features[label].append(average)
                if to_volts is not None:
                    self._in_microvolts[label].append(MICROVOLTS_PER_VOLT * to_volts @ average)

    def evoked(self) -> Evoked:
        """Of the subjects so far.

        Raises
        ------
        InvalidInput
            There were none, or none had epochs of a class.
        """
        if self._first is None:
            raise InvalidInput("there are no subjects to average: give at least one processed subject")
        if not all(self._in_features.values()):
            raise InvalidInput("there are no responses to average: no subject has epochs of both classes")
        physical = all(len(self._in_microvolts[label]) == len(self._in_features[label]) for label in Label)
        averages = self._in_microvolts if physical else self._in_features
        recipe = self._first.recipe
        mean = {label: np.mean(averages[label], axis=0) for label in Label}
        return Evoked(
            mean=mean,
            spread={label: np.std(averages[label], axis=0) for label in Label},
            times_s=recipe.window_s[0] + np.arange(mean[Label.Target].shape[1]) / recipe.sfreq_hz,
            channel_names=self._first.channel_names,
            unit="µV" if physical else "a.u.",
            n_subjects=max(map(len, averages.values())),
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


def _layout(provenance: Provenance) -> tuple[object, ...]:
    return provenance.recipe_hash, provenance.channel_names


def _to_volts(table: FeatureTable) -> Float64s | None:
    if table.to_volts is not None:
        return table.to_volts.astype(np.float64)
    return np.eye(table.n_channels) if table.provenance.recipe.normalisation == "none" else None
