"""Linear classifiers as candidates."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from sklearn.base import ClassifierMixin

from p300.domain import Float64s, SubjectId
from p300.model.candidate import Candidate
from p300.model.linear import folds
from p300.model.linear.folds import Rule
from p300.model.sums.stored import Sums
from p300.model.tables import Tables


@dataclass(frozen=True)
class LinearCandidate(Candidate):
    """A candidate that is a function of class statistics, and is served as weights and a bias."""

    rule: Rule

    @property
    def name(self) -> str:
        return self.rule.name

    @property
    def parameters(self) -> Mapping[str, Any]:
        return asdict(self.rule)

    def adjusted(self, parameters: Mapping[str, Any]) -> Self:
        return replace(self, rule=replace(self.rule, **parameters))

    def fit(self, tables: Tables) -> ClassifierMixin:
        return folds.fit(self.rule, tables)

    @property
    def sums_suffice(self) -> bool:
        return self.rule.sums_suffice

    def fit_sums(self, sums: Sums) -> ClassifierMixin:
        return folds.fit_sums(self.rule, sums) if self.sums_suffice else super().fit_sums(sums)

    def leave_out_of_sums(self, sums: Sums, tables: Tables) -> dict[SubjectId, Float64s]:
        if not self.sums_suffice:
            return super().leave_out_of_sums(sums, tables)
        return folds.leave_one_subject_out([self.rule], tables, sums)[0]

    def leave_one_subject_out(self, tables: Tables) -> dict[SubjectId, Float64s]:
        return folds.leave_one_subject_out([self.rule], tables)[0]

    @classmethod
    def leave_out_together(cls, candidates: Sequence[Self], tables: Tables) -> list[dict[SubjectId, Float64s]]:
        return folds.leave_one_subject_out([each.rule for each in candidates], tables)
