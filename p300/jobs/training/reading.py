"""Read each feature table once: what is asked for again comes from a file of this process, and from memory.

Training looks at epochs more than once: a subject is scored by what was learnt from all others, and a
search tries many candidates. In memory the features of 64 subjects would take 340 MB; from the store
they would have to be fetched and decoded each time.
"""

import io
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from p300.domain import FeatureTable, Float32s, Label, Provenance, SubjectId, subject_name
from p300.errors import InvalidInput
from p300.model.answers import Flashes
from p300.model.tables import Layout, Tables, stream
from p300.report.evoked import Averages, Evoked

N_EXAMPLES = 2
MEBIBYTE = 2**20

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """What one read of each table gave.

    Attributes
    ----------
    tables : mapping
        Those that can be learnt from, to be asked for any number of times.
    set_aside : dict of str
        Why a subject is not among them, as the end of a sentence that begins with its name.
    provenances : dict of Provenance
    flashes : dict of Flashes
    evoked : Evoked
    example : ndarray of float32, shape (2, n_features)
        The first epochs of the first table.
    """

    tables: Tables
    set_aside: dict[SubjectId, str]
    provenances: dict[SubjectId, Provenance]
    flashes: dict[SubjectId, Flashes]
    evoked: Evoked
    example: Float32s


@contextmanager
def read_once(tables: Tables, layout: Layout | None = None) -> Iterator[Reading]:
    """Read all tables; their features can be asked for until the end of the ``with`` block.

    Parameters
    ----------
    tables : mapping
        Fetches and decodes a table at each access.
    layout : Layout, optional
        What the tables must have; without it, what the first one has.

    Raises
    ------
    InvalidInput
        Tables that do not belong together, two of them made of the same recording, or none that
        can be learnt from.
    """
    with tempfile.TemporaryFile(prefix="p300-features-", buffering=0) as file:
        kept = _KeptTables(tables, file)
        averages, flashes, provenances = Averages(), {}, {}
        set_aside: dict[SubjectId, str] = {}
        example: Float32s | None = None
        for subject, table in stream(tables, layout):
            lacking = [label.name for label in Label if not (table.labels == label).any()]
            if lacking:
                set_aside[subject] = f"has no epochs of {' and '.join(lacking)}"
                logger.warning("%s %s: it is left out of training", subject_name(subject), set_aside[subject])
                continue
            kept.keep(subject, table)
            averages.add(table)
            flashes[subject], provenances[subject] = Flashes.of(table.targets, table.provenance), table.provenance
            example = table.features[:N_EXAMPLES].copy() if example is None else example
        if example is None:
            raise InvalidInput("no subject has epochs of both classes: record or preprocess them again")
        require_distinct(provenances)
        yield Reading(kept, set_aside, provenances, flashes, averages.evoked(), example)


def require_distinct(provenances: Mapping[SubjectId, Provenance]) -> None:
    """Raise InvalidInput where two subjects are one recording.

    Left out in turn, each would be answered by a classifier that has learnt its very epochs.
    """
    seen: dict[str, SubjectId] = {}
    for subject, each in provenances.items():
        first = seen.setdefault(each.raw_sha256, subject) if each.raw_sha256 else subject
        if first != subject:
            raise InvalidInput(
                f"{subject_name(first)} and {subject_name(subject)} are the same recording, byte for byte: scores "
                f"would be of epochs that were learnt; train on other subjects, or p300 forget {subject}"
            )


class _KeptTables(Mapping[SubjectId, FeatureTable]):
    """Tables whose features lie in a file; those it has no room for are read again."""

    def __init__(self, source: Tables, file: io.FileIO) -> None:
        self._source, self._file = source, file
        self._end = 0
        self._kept: dict[SubjectId, tuple[FeatureTable, int, tuple[int, ...]] | None] = {}

    def keep(self, subject: SubjectId, table: FeatureTable) -> None:
        features = np.ascontiguousarray(table.features)
        try:
            self._file.seek(self._end)
            _write(self._file, features)
        except OSError as error:
            logger.warning(
                "no room for %.0f MiB of features in %s (%s): %s is read from the store again where it is needed",
                features.nbytes / MEBIBYTE,
                tempfile.gettempdir(),
                error.strerror,
                subject_name(subject),
            )
            self._kept[subject] = None
        else:
            self._kept[subject] = replace(table, features=features[:0].copy()), self._end, features.shape
            self._end += features.nbytes

    def __getitem__(self, subject: SubjectId) -> FeatureTable:
        kept = self._kept[subject]
        if kept is None:
            return self._source[subject]
        rest, place, shape = kept
        features = np.empty(shape, np.float32)
        self._file.seek(place)
        _read(self._file, features)
        return replace(rest, features=features)

    def __iter__(self) -> Iterator[SubjectId]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _write(file: io.FileIO, array: Float32s) -> None:
    left = array.data.cast("B")
    while left:
        left = left[file.write(left) :]


def _read(file: io.FileIO, array: Float32s) -> None:
    left = array.data.cast("B")
    while left:
        left = left[file.readinto(left) :]
