"""Linear classifiers as functions of class statistics: see :class:`p300.model.linear.folds.Rule`."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.base import ClassifierMixin

from p300.model.linear.folds import TrainingSet
from p300.model.linear.lda import Discriminant, Shrinkage, discriminant
from p300.model.linear.model import LinearModel, linear_estimator
from p300.model.linear.shrinkage import View
from p300.model.linear.toeplitz import channel_standardisers, toeplitz_lda
from p300.model.linear.xdawn import xdawn_filters
from p300.model.parameters import require_bool, require_count, require_shrinkage
from p300.model.sums.statistics import Statistics


@dataclass(frozen=True)
class LdaRule:
    """Shrinkage LDA of standardised features."""

    shrinkage: Shrinkage = "auto"
    name: ClassVar[str] = "lda"
    sums_suffice: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_shrinkage("shrinkage", self.shrinkage)

    @property
    def needs_quartics(self) -> bool:
        return self.shrinkage == "auto"

    def view(self, by_time: Statistics) -> View:
        return View.of(by_time)

    def model(self, training: TrainingSet) -> LinearModel:
        return self._discriminant(training).model

    def estimator(self, training: TrainingSet) -> ClassifierMixin:
        return self._discriminant(training).pipeline()

    def _discriminant(self, training: TrainingSet) -> Discriminant:
        return discriminant(training.statistics, self.shrinkage, training.quartics)


@dataclass(frozen=True)
class XdawnLdaRule:
    """Shrinkage LDA after ``n_filters`` xDAWN filters a class; still linear in the raw features."""

    n_filters: int = 2
    shrinkage: Shrinkage = "auto"
    name: ClassVar[str] = "xdawn-lda"
    sums_suffice: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_count("n_filters", self.n_filters)
        require_shrinkage("shrinkage", self.shrinkage)

    @property
    def needs_quartics(self) -> bool:
        return self.shrinkage == "auto"

    def view(self, by_time: Statistics) -> View:
        return View.of(by_time, xdawn_filters(by_time, self.n_filters))

    def model(self, training: TrainingSet) -> LinearModel:
        filtered = training.view.filtered(training.statistics)
        return training.view.unfiltered(discriminant(filtered, self.shrinkage, training.quartics).model)

    def estimator(self, training: TrainingSet) -> ClassifierMixin:
        return linear_estimator(self.model(training), training.statistics)


@dataclass(frozen=True)
class ToeplitzLdaRule:
    """LDA whose covariance is shrunk, then averaged over equal time lags."""

    shrinkage: Shrinkage = "auto"
    taper: bool = True
    name: ClassVar[str] = "toeplitz-lda"
    sums_suffice: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_shrinkage("shrinkage", self.shrinkage)
        require_bool("taper", self.taper)

    @property
    def needs_quartics(self) -> bool:
        return self.shrinkage == "auto"

    def view(self, by_time: Statistics) -> View:
        return View(None, channel_standardisers(by_time))

    def model(self, training: TrainingSet) -> LinearModel:
        return toeplitz_lda(training.statistics, self.shrinkage, training.quartics, taper=self.taper)

    def estimator(self, training: TrainingSet) -> ClassifierMixin:
        return linear_estimator(self.model(training), training.statistics)
