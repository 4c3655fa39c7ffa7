"""Everything that a fit needs of epochs, as sums: a retrain adds the new subjects and reads no old one."""

import io
import json
import zipfile
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from p300.domain import FeatureTable, Float64s, SubjectId, subject_name
from p300.errors import InvalidInput
from p300.model.sums.moments import HigherMoments, Unit
from p300.model.sums.products import mirrored
from p300.model.sums.statistics import ClassStatistics, Standardiser, Statistics
from p300.model.sums.totals import Total
from p300.model.tables import Layout, Tables, no_subjects, stream

FORMAT = 1
CLASS_NAMES = ("nontarget", "target")

Real = TypeVar("Real", np.float32, np.float64)


@dataclass
class Sums:
    """What the epochs of some subjects add up to; stored with the model that was fitted to them."""

    layout: Layout
    subjects: tuple[SubjectId, ...]
    total: Total
    unit: Unit
    higher: tuple[HigherMoments, HigherMoments]

    @classmethod
    def of(cls, tables: Tables) -> Self:
        """Sums over all tables, with one read of each.

        Raises
        ------
        InvalidInput
            No tables, or tables that do not belong together.
        """
        sums: Self | None = None
        for subject, table in stream(tables):
            sums = sums or cls.none(table)
            sums.add(subject, table)
        if sums is None:
            raise no_subjects()
        return sums

    @classmethod
    def none(cls, first: FeatureTable) -> Self:
        """Of no epochs yet; of tables such as the first."""
        layout = Layout.of(first)
        higher = (HigherMoments.none(layout.n_features), HigherMoments.none(layout.n_features))
        return cls(layout, (), Total.none(first), Unit.of(first), higher)

    def add(self, subject: SubjectId, table: FeatureTable) -> None:
        """Add the epochs of a new subject."""
        if subject in self.subjects:
            raise InvalidInput(f"{subject_name(subject)} is in the stored sums already: give new subjects only")
        self.subjects = (*self.subjects, subject)
        for targets, part, higher in zip((~table.targets, table.targets), self.total.classes, self.higher, strict=True):
            epochs = table.features[targets]
            part.add(epochs)
            higher.add(epochs, self.unit)

    def extended(self, tables: Tables) -> Self:
        """With the epochs of new subjects added; these sums stay as they are.

        Raises
        ------
        InvalidInput
            A subject that is in the sums already, or a table that differs in features, channels or
            recipe from what the sums were taken of.
        """
        sums = deepcopy(self)
        for subject, table in stream(tables, self.layout):
            sums.add(subject, table)
        return sums

    def quartic_sums(self, standardisers: tuple[Standardiser, Standardiser]) -> Float64s:
        """Sums over all epochs of each class of ``(||z||²)²``, z standardised by those of each class: shape (2,)."""
        parts = zip(self.higher, self.total.classes, standardisers, strict=True)
        return np.array([higher.quartic_sum(part, each, self.unit) for higher, part, each in parts])

    def to_bytes(self) -> bytes:
        """As an npz archive: 25 MB for 1,120 features."""
        meta = {"format": FORMAT, "layout": self.layout, "subjects": self.subjects}
        arrays: dict[str, NDArray[Any]] = {
            "meta": np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8),
            "origin": self.unit.origin,
            "scale": self.unit.scale,
        }
        for name, part, higher in zip(CLASS_NAMES, self.total.statistics().classes, self.higher, strict=True):
            arrays[f"{name}.count"] = np.array(part.count)
            arrays[f"{name}.mean"] = part.mean
            arrays[f"{name}.scatter"] = _half(part.scatter)
            arrays[f"{name}.cubic"] = higher.cubic
            arrays[f"{name}.quartic"] = _half(higher.quartic)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what :meth:`to_bytes` wrote.

        Raises
        ------
        InvalidInput
            Anything else.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                meta = json.loads(arrays["meta"].tobytes())
                if meta["format"] != FORMAT:
                    raise InvalidInput(
                        f"stored sums of format {meta['format']}, expected {FORMAT}: fit to all subjects"
                    )
                return cls._from_arrays(meta, arrays)
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise InvalidInput(f"these are not the stored sums of a model ({error}): fit to all subjects") from error

    @classmethod
    def _from_arrays(cls, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        n_features, channel_names, recipe_hash = meta["layout"]
        layout = Layout(n_features, tuple(channel_names), recipe_hash)
        parts, higher = [], []
        for name in CLASS_NAMES:
            scatter = mirrored(_upper(arrays[f"{name}.scatter"], n_features))
            parts.append(ClassStatistics(int(arrays[f"{name}.count"]), arrays[f"{name}.mean"], scatter))
            cubic = np.asfortranarray(arrays[f"{name}.cubic"])
            higher.append(HigherMoments(cubic, _upper(arrays[f"{name}.quartic"], n_features)))
        total = Total.of(Statistics(layout.n_channels, parts[0], parts[1]))
        unit = Unit(arrays["origin"], arrays["scale"])
        return cls(layout, tuple(meta["subjects"]), total, unit, (higher[0], higher[1]))


def _half(matrix: NDArray[Real]) -> NDArray[Real]:
    """Upper triangle of a symmetric matrix, row by row."""
    return matrix[np.triu_indices(len(matrix))]


def _upper(half: NDArray[Real], size: int) -> NDArray[Real]:
    """The matrix of an upper triangle, in Fortran order."""
    matrix = np.zeros((size, size), dtype=half.dtype, order="F")
    matrix[np.triu_indices(size)] = half
    return matrix
