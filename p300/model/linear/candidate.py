"""Linear classifiers as candidates."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from sklearn.base import ClassifierMixin

from p300.model.candidate import Candidate
from p300.model.linear.folds import Rule, fit, fit_sums, leave_out
from p300.model.sums.stored import Sums
from p300.model.tables import BySubject, Fold, Tables, single_folds, together


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
        return fit(self.rule, tables)

    @property
    def sums_suffice(self) -> bool:
        return self.rule.sums_suffice

    def fit_sums(self, sums: Sums) -> ClassifierMixin:
        return fit_sums(self.rule, sums) if self.sums_suffice else super().fit_sums(sums)

    def leave_out_of_sums(self, sums: Sums, tables: Tables) -> BySubject:
        if not self.sums_suffice:
            return super().leave_out_of_sums(sums, tables)
        return together(leave_out([self.rule], tables, single_folds(tables), sums)[0])

    def leave_out(self, tables: Tables, folds: Sequence[Fold]) -> dict[Fold, BySubject]:
        return self.leave_out_together([self], tables, folds)[0]

    @classmethod
    def leave_out_together(
        cls, candidates: Sequence[Self], tables: Tables, folds: Sequence[Fold]
    ) -> list[dict[Fold, BySubject]]:
        return leave_out([each.rule for each in candidates], tables, folds)
