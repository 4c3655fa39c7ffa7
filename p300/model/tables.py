"""Feature tables that belong together, one after another."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from p300.domain import FeatureTable, Float64s, SubjectId, subject_name
from p300.errors import InvalidInput

Tables = Mapping[SubjectId, FeatureTable]

# Subjects that are left out together, to be answered by one classifier of all others.
Fold = tuple[SubjectId, ...]
# P(Target) of the epochs of each subject.
BySubject = dict[SubjectId, Float64s]

# What is learnt of answers is learnt from four fifths of the subjects and used on the others.
N_GROUPS = 5


class Layout(NamedTuple):
    """What the tables that one model is trained on must have in common."""

    n_features: int
    channel_names: tuple[str, ...]
    recipe_hash: str

    @classmethod
    def of(cls, table: FeatureTable) -> "Layout":
        origin = table.provenance
        return cls(table.features.shape[1], tuple(origin.channel_names), origin.recipe_hash)

    @property
    def n_channels(self) -> int:
        return len(self.channel_names)


class Of(Mapping[SubjectId, FeatureTable]):
    """The tables of some subjects; read from all of them when asked for."""

    def __init__(self, tables: Tables, subjects: Collection[SubjectId]) -> None:
        self._tables = tables
        self._subjects = [subject for subject in tables if subject in subjects]

    def __getitem__(self, subject: SubjectId) -> FeatureTable:
        if subject not in self._subjects:
            raise KeyError(subject)
        return self._tables[subject]

    def __iter__(self) -> Iterator[SubjectId]:
        return iter(self._subjects)

    def __len__(self) -> int:
        return len(self._subjects)


class Without(Of):
    """All tables but those of some subjects."""

    def __init__(self, tables: Tables, *left_out: SubjectId) -> None:
        super().__init__(tables, [subject for subject in tables if subject not in left_out])


def single_folds(subjects: Iterable[SubjectId]) -> list[Fold]:
    """Each subject by itself, as in leave-one-subject-out."""
    return [(subject,) for subject in subjects]


def together(answers: Mapping[Fold, BySubject]) -> BySubject:
    """The answers of all folds, each subject being in one."""
    return {subject: each[subject] for each in answers.values() for subject in each}


def require_folds(subjects: Collection[SubjectId], folds: Iterable[Fold]) -> None:
    """Raise InvalidInput where a fold would leave out everybody."""
    for fold in folds:
        if len(fold) >= len(subjects):
            purpose = "leaving one subject out" if len(fold) == 1 else f"leaving {len(fold)} subjects out"
            require_subjects(subjects, len(fold) + 1, purpose)


def stream(tables: Tables, layout: Layout | None = None) -> Iterator[tuple[SubjectId, FeatureTable]]:
    """Each subject with its table, read once, none kept.

    Parameters
    ----------
    tables : mapping
        May read a table anew at each access.
    layout : Layout, optional
        What the tables must have; without it, what the first one has.

    Raises
    ------
    InvalidInput
        No tables, or one that differs from the others or has values that are not finite.
    """
    first = "the model"
    for subject, table in tables.items():
        name = subject_name(subject)
        if layout is None:
            layout, first = Layout.of(table), name
        _require_same(name, Layout.of(table), first, layout)
        if layout.n_features == 0 or layout.n_features % max(layout.n_channels, 1):
            raise InvalidInput(f"{name} has {layout.n_features} features an epoch for {layout.n_channels} channels")
        if not np.isfinite(table.features).all():
            raise InvalidInput(f"{name} has features that are not finite numbers: preprocess this subject again")
        yield subject, table
    if layout is None:
        raise no_subjects()


def no_subjects() -> InvalidInput:
    """What to raise where there are no tables."""
    return InvalidInput("there are no subjects to work on: give at least one processed subject")


def groups(subjects: Iterable[SubjectId]) -> list[Fold]:
    """At most :data:`N_GROUPS` groups of subjects of nearly the same size, those of neighbouring numbers apart."""
    ordered = sorted(subjects)
    return [tuple(ordered[first::N_GROUPS]) for first in range(min(N_GROUPS, len(ordered)))]


def require_subjects(subjects: Collection[SubjectId], least: int, purpose: str) -> None:
    """Raise InvalidInput when there are fewer subjects than a purpose needs."""
    if len(subjects) < least:
        raise InvalidInput(
            f"{purpose} needs at least {least} subjects, and there are {len(subjects)}: process more first"
        )


def _require_same(name: str, layout: Layout, first: str, expected: Layout) -> None:
    if layout == expected:
        return
    aspects = zip(("features an epoch", "channels", "recipe"), layout, expected, strict=True)
    aspect, one, other = next(each for each in aspects if each[1] != each[2])
    raise InvalidInput(
        f"{name} does not match {first}: {aspect} {_short(one)} against {_short(other)}; "
        "preprocess all subjects with one recipe, from recordings with the same channels"
    )


def _short(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)[:12]
