"""Answers: what was flashed, the probability of Target that a classifier gave, and how good that is, by subject."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from p300.domain import FeatureTable, Provenance, SubjectId, subject_name
from p300.errors import InvalidInput
from p300.model.scores import Scores, mean_metrics, score

Probabilities = NDArray[np.floating]


@dataclass(frozen=True)
class Missed:
    """How many flashes of each kind have no epoch, as theirs was rejected or incomplete."""

    n_targets: int
    n_nontargets: int

    @property
    def n_flashes(self) -> int:
        return self.n_targets + self.n_nontargets


@dataclass(frozen=True)
class Flashes:
    """What was flashed to a subject.

    Attributes
    ----------
    targets : ndarray of bool, shape (n_epochs,)
        Of the flashes that have an epoch: where a Target was flashed.
    missed : Missed or None
        The flashes without one; None where the table is too old to say of which kind they were.
    """

    targets: NDArray[np.bool_]
    missed: Missed | None = None

    @classmethod
    def of(cls, targets: NDArray[np.bool_], provenance: Provenance) -> Self:
        n_missed = provenance.n_flashes - provenance.n_kept
        if provenance.n_target_flashes is None:
            return cls(targets, None if n_missed else Missed(0, 0))
        n_missed_targets = provenance.n_target_flashes - int(targets.sum())
        return cls(targets, Missed(n_missed_targets, n_missed - n_missed_targets))


@dataclass(frozen=True)
class SubjectAnswers:
    """The answers on one subject.

    Attributes
    ----------
    probabilities : ndarray, shape (n_epochs,)
        Of Target, for each flash that has an epoch.
    """

    flashes: Flashes
    probabilities: Probabilities

    @property
    def targets(self) -> NDArray[np.bool_]:
        """Where a Target was flashed: bool, shape (n_epochs,)."""
        return self.flashes.targets

    @cached_property
    def scores(self) -> Scores:
        """Of the flashes that have an epoch. Raises InvalidInput if they cannot be scored."""
        return score(self.targets, self.probabilities)

    @cached_property
    def all_flashes(self) -> "SubjectAnswers | None":
        """The same with an answer for each missed flash; None where it is not known which were missed.

        Nothing is known of such a flash but the share of Targets, which the paradigm fixes: that is
        its probability.
        """
        missed = self.flashes.missed
        if missed is None:
            return None
        truth = np.repeat([True, False], [missed.n_targets, missed.n_nontargets])
        targets = np.concatenate([self.targets, truth])
        prior = np.full(len(truth), targets.mean(), self.probabilities.dtype)
        return SubjectAnswers(Flashes(targets, Missed(0, 0)), np.concatenate([self.probabilities, prior]))

    @property
    def share_kept(self) -> float | None:
        """Of all flashes, how many have an epoch, from 0 to 1."""
        missed = self.flashes.missed
        return None if missed is None else len(self.targets) / (len(self.targets) + missed.n_flashes)


class Answers(Mapping[SubjectId, SubjectAnswers]):
    """The answers of one classifier, or of one for each subject, as in leave-one-subject-out.

    Scores are made when they are first asked for.
    """

    def __init__(self, by_subject: Mapping[SubjectId, SubjectAnswers]) -> None:
        self._by_subject = dict(by_subject)

    @classmethod
    def to(cls, flashes: Mapping[SubjectId, Flashes], probabilities: Mapping[SubjectId, Probabilities]) -> "Answers":
        """To what was flashed, the probabilities that came; both by subject."""
        return cls({subject: SubjectAnswers(each, probabilities[subject]) for subject, each in flashes.items()})

    def __getitem__(self, subject: SubjectId) -> SubjectAnswers:
        return self._by_subject[subject]

    def __iter__(self) -> Iterator[SubjectId]:
        return iter(self._by_subject)

    def __len__(self) -> int:
        return len(self._by_subject)

    def scored(self) -> "Answers":
        """These, if every subject can be scored; raises as `scores` does."""
        for subject, each in self.items():
            _scores(subject, each)
        return self

    def of(self, subjects: Iterable[SubjectId]) -> "Answers":
        """Those on some of the subjects, in their order."""
        return Answers({subject: self._by_subject[subject] for subject in subjects})

    @cached_property
    def scores(self) -> dict[SubjectId, Scores]:
        """Of each subject's flashes that have an epoch.

        Raises
        ------
        InvalidInput
            Naming a subject that cannot be scored.
        """
        return {subject: _scores(subject, each) for subject, each in self.items()}

    @cached_property
    def pooled(self) -> Scores:
        """Scores of all subjects' epochs thrown together: also asks whether one threshold fits all."""
        return score(self.pooled_targets, self.pooled_probabilities)

    @cached_property
    def pooled_targets(self) -> NDArray[np.bool_]:
        """Of all subjects, one after another: shape (n_epochs,)."""
        return np.concatenate([each.targets for each in self.values()])

    @cached_property
    def pooled_probabilities(self) -> Probabilities:
        """Of all subjects, one after another: shape (n_epochs,)."""
        return np.concatenate([each.probabilities for each in self.values()])

    @cached_property
    def all_flashes(self) -> "Answers | None":
        """The same with an answer for each missed flash of each subject; None where one's are not known."""
        whole = {subject: each.all_flashes for subject, each in self.items()}
        known = {subject: each for subject, each in whole.items() if each is not None}
        return Answers(known) if len(known) == len(whole) else None

    @property
    def share_kept(self) -> float | None:
        """Mean over the subjects of the share of flashes that have an epoch; None where one's is not known."""
        shares = [each.share_kept for each in self.values()]
        known = [share for share in shares if share is not None]
        return float(np.mean(known)) if len(known) == len(shares) and known else None

    @property
    def mean_auc(self) -> float:
        """Mean over the subjects, each counting the same."""
        return self.mean_metrics()["mean_auc"]

    def mean_metrics(self) -> dict[str, float]:
        """Over the subjects, see :func:`p300.model.scores.mean_metrics`."""
        return mean_metrics(self.scores.values())

    def to_json(self) -> dict[str, object]:
        """Ready for JSON; probabilities as float32, whose shortest form comes back as it was."""
        return {str(subject): _subject_to_json(each) for subject, each in self.items()}

    @classmethod
    def from_json(cls, data: bytes) -> "Answers":
        """Read what `to_json` gave, and what was written before missed flashes were counted."""
        return cls({SubjectId(int(name)): _subject_from_json(fields) for name, fields in json.loads(data).items()})


def read_flashes(tables: Mapping[SubjectId, FeatureTable]) -> dict[SubjectId, Flashes]:
    """What was flashed to each subject."""
    return {subject: Flashes.of(table.targets, table.provenance) for subject, table in tables.items()}


def _scores(subject: SubjectId, answers: SubjectAnswers) -> Scores:
    try:
        return answers.scores
    except InvalidInput as error:
        raise InvalidInput(f"{subject_name(subject)}: {error}") from error


def _subject_to_json(answers: SubjectAnswers) -> dict[str, object]:
    fields: dict[str, object] = {
        "probabilities": [float(str(value)) for value in answers.probabilities.astype(np.float32)],
        "targets": answers.targets.astype(int).tolist(),
    }
    missed = answers.flashes.missed
    return fields if missed is None else fields | {"missed_by_class": [missed.n_nontargets, missed.n_targets]}


def _subject_from_json(fields: Mapping[str, list[float]]) -> SubjectAnswers:
    missed = fields.get("missed_by_class")
    flashes = Flashes(
        np.array(fields["targets"], bool),
        None if missed is None else Missed(n_targets=int(missed[1]), n_nontargets=int(missed[0])),
    )
    return SubjectAnswers(flashes, np.array(fields["probabilities"], np.float32))
