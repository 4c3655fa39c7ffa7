"""An example of a new candidate: naive Bayes, which takes the subjects one after another.

Its one registration is a line in ``REGISTERED`` of ``p300/model/candidates.py``. Leaving subjects out,
being searched for, logged, registered and served then come by themselves.
"""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.base import ClassifierMixin
from sklearn.naive_bayes import GaussianNB

from p300.errors import InvalidInput
from p300.model.candidate import Candidate
from p300.model.linear.model import CLASSES
from p300.model.tables import Tables, stream


@dataclass(frozen=True)
class NaiveBayes(Candidate):
    """Features that are independent within a class, each with a normal distribution."""

    smoothing: float = 1e-3
    name: ClassVar[str] = "naive-bayes"

    def __post_init__(self) -> None:
        if not isinstance(self.smoothing, int | float) or not 0 <= self.smoothing <= 1:
            raise InvalidInput(f"smoothing is {self.smoothing!r}, expected a number from 0 to 1")

    def fit(self, tables: Tables) -> ClassifierMixin:
        classifier = GaussianNB(var_smoothing=self.smoothing)
        for _, table in stream(tables):
            classifier.partial_fit(table.features, table.labels, classes=CLASSES)
        return classifier
