"""What a training is about to do: said once its data are known, before anything takes long."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from p300.domain import SubjectId, subjects_text
from p300.jobs.training.reading import Reading
from p300.model.candidate import Candidate

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Plan:
    """Who is learnt from, how much that is, and how often it is gone through.

    Attributes
    ----------
    candidates : tuple of Candidate
        More than one where they are searched.
    base_version : int or None
        The version whose sums the new subjects are added to.
    """

    candidates: tuple[Candidate, ...]
    subjects: tuple[SubjectId, ...]
    n_epochs: int
    n_features: int
    base_version: int | None = None

    @classmethod
    def of(cls, candidates: Sequence[Candidate], reading: Reading, base_version: int | None = None) -> Self:
        return cls(
            tuple(candidates),
            tuple(reading.flashes),
            sum(len(each.targets) for each in reading.flashes.values()),
            reading.example.shape[1],
            base_version,
        )

    @property
    def n_bytes(self) -> int:
        """Of the features, as float32."""
        return 4 * self.n_epochs * self.n_features

    def sentence(self) -> str:
        """All of it, for people."""
        whom = f"subjects {subjects_text(self.subjects)}"
        size = f"{self.n_epochs:,} epochs of {self.n_features:,} features, {self.n_bytes / MEGABYTE:,.0f} MB"
        return f"{self._work()} on {whom}: {size}; {self._validation()}"

    def _work(self) -> str:
        if len(self.candidates) > 1:
            return f"searching {len(self.candidates)} candidates"
        added = "" if self.base_version is None else f", added to version {self.base_version},"
        return f"training {self.candidates[0].name}{added}"

    def _validation(self) -> str:
        # The sums of all but one are the sums of all, minus those of one. Without sums it takes the epochs again.
        refitted = [each for each in self.candidates if not each.sums_suffice]
        if not refitted:
            return "leaving a subject out takes a subtraction"
        n_fits = len(refitted) * len(self.subjects)
        return f"leaving each subject out takes {n_fits} fits, which is most of the time"
