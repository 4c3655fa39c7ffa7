"""What a classifier must be able to do to be chosen, trained and compared here."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from sklearn.base import ClassifierMixin

from p300.domain import SubjectId
from p300.errors import Refused
from p300.model.sums.stored import Sums
from p300.model.tables import BySubject, Fold, Tables, Without, require_folds, require_subjects, single_folds, together


@dataclass(frozen=True)
class Candidate(ABC):
    """A way to train a classifier on some subjects and to ask how it does on others.

    A subclass is a frozen dataclass whose fields are its parameters and which refuses values that it
    cannot take. :meth:`fit` is all that it must say; the rest is for those that can do better than
    fit once for each subject left out.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """As :data:`p300.model.candidates.CANDIDATES` calls it."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What :func:`p300.model.candidates.candidate` makes it with, defaults included."""
        return asdict(self)

    def adjusted(self, parameters: Mapping[str, Any]) -> Self:
        """The same candidate with some parameters changed.

        Raises
        ------
        InvalidInput
            A value that the parameter cannot take.
        """
        return replace(self, **parameters)

    @property
    def trusted_types(self) -> tuple[str, ...]:
        """What skops must trust to load its estimator, beside scikit-learn and numpy."""
        return ()

    @abstractmethod
    def fit(self, tables: Tables) -> ClassifierMixin:
        """A fitted estimator on raw feature vectors; ``classes_`` is [1, 2]."""

    @property
    def sums_suffice(self) -> bool:
        """Whether :meth:`fit_sums` gives what :meth:`fit` gives, so that a retrain need not read old subjects."""
        return False

    def fit_sums(self, sums: Sums) -> ClassifierMixin:
        """The estimator that :meth:`fit` gives of all subjects in the sums, without their epochs.

        Raises
        ------
        Refused
            Sums do not suffice.
        """
        raise self._needs_epochs(sums.subjects)

    def leave_out_of_sums(self, sums: Sums, tables: Tables) -> BySubject:
        """P(Target) of each subject's epochs, by the classifier of all other subjects in the sums.

        Raises
        ------
        Refused
            Sums do not suffice.
        """
        raise self._needs_epochs({*sums.subjects, *tables})

    def leave_out(self, tables: Tables, folds: Sequence[Fold]) -> dict[Fold, BySubject]:
        """For each fold: P(Target) of the epochs of its subjects, by one classifier of all others."""
        require_folds(tables, folds)
        answers: dict[Fold, BySubject] = {}
        for fold in folds:
            estimator = self.fit(Without(tables, *fold))
            answers[fold] = {subject: estimator.predict_proba(tables[subject].features)[:, 1] for subject in fold}
        return answers

    def leave_one_subject_out(self, tables: Tables) -> BySubject:
        """P(Target) of each subject's epochs, by a classifier that has not seen the subject."""
        require_subjects(tables, 2, "leaving one subject out")
        return together(self.leave_out(tables, single_folds(tables)))

    @classmethod
    def leave_out_together(
        cls, candidates: Sequence[Self], tables: Tables, folds: Sequence[Fold]
    ) -> list[dict[Fold, BySubject]]:
        """The answers of several candidates of this kind, which may share their passes over the tables."""
        return [each.leave_out(tables, folds) for each in candidates]

    @property
    def members(self) -> tuple["Candidate", ...]:
        """The candidates whose answers make this one's, see :meth:`combined`: for most it is its own."""
        return (self,)

    def combined(self, answers: Sequence[BySubject]) -> BySubject:
        """Its answers from those of its members."""
        (own,) = answers
        return own

    def _needs_epochs(self, subjects: Collection[SubjectId]) -> Refused:
        return Refused(f"{self.name} needs the epochs of all {len(subjects)} subjects: train it without --incremental")
