"""Everything that a fit needs of epochs, as sums: a retrain adds the new subjects and reads no old one.

Ledoit and Wolf's shrinkage needs the sum over a class's epochs of ``(||z||²)²``, z standardised by
the class's own mean and spread, which change as epochs are added. But ``||z||² = a·x² - 2 b·x + k``,
where x is the epoch in fixed units, ``a`` the precision, ``b`` precision times mean and
``k = b·mean``; so the sum is a quadratic form of moments that do add up:
``a'Qa - 4 a'Hb + 4 b'Gb + 2k a·Σx² - 4k b·Σx + nk²`` with ``Q = Σ x²(x²)'``, ``H = Σ x²x'``, ``G = Σ xx'``.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from p300.domain import Float32s, Float64s, SubjectId, subject_name
from p300.errors import InvalidInput
from p300.model.linear.shrinkage import Standardiser, View
from p300.model.sums.statistics import ClassStatistics, Statistics, spread
from p300.model.tables import Layout, Tables, stream

FORMAT = 1
CLASS_NAMES = ("nontarget", "target")

Real = TypeVar("Real", np.float32, np.float64)


@dataclass(frozen=True)
class Unit:
    """The fixed units in which an epoch is raised to powers: near its mean and its spread.

    Attributes
    ----------
    origin, scale : ndarray of float32, shape (n_features,)
    """

    origin: Float32s
    scale: Float32s


@dataclass(frozen=True)
class HigherMoments:
    """Sums over the epochs of one class, in fixed units.

    In float32: nothing but one weighted sum of all their entries is ever used.

    Attributes
    ----------
    cubic : ndarray of float32, shape (n_features, n_features)
        ``H = Σ x² x'``.
    quartic : ndarray of float32, shape (n_features, n_features)
        ``Q = Σ x² (x²)'``.
    """

    cubic: Float32s
    quartic: Float32s

    @classmethod
    def of(cls, epochs: Float32s, unit: Unit) -> Self:
        """Of epochs of shape (n_epochs, n_features)."""
        x = (epochs - unit.origin) / unit.scale
        squared = np.square(x)
        return cls(squared.T @ x, squared.T @ squared)

    def __add__(self, other: Self) -> Self:
        return type(self)(self.cubic + other.cubic, self.quartic + other.quartic)

    def quartic_sum(self, part: ClassStatistics, standardiser: Standardiser, unit: Unit) -> float:
        """Sum of ``(||z||²)²`` over the epochs that ``part`` and these moments were taken of."""
        scale = unit.scale.astype(np.float64)
        a = standardiser.precision * scale**2
        mean = (standardiser.mean - unit.origin) / scale
        b = a * mean
        k = float(b @ mean)
        actual = (part.mean - unit.origin) / scale
        sums = part.count * actual
        along_b = (b / scale) @ part.scatter @ (b / scale) + part.count * float(actual @ b) ** 2
        squares = np.diagonal(part.scatter) / scale**2 + part.count * actual**2
        quadratic = a @ self.quartic @ a - 4 * (a @ self.cubic @ b) + 4 * along_b
        return float(quadratic + 2 * k * (a @ squares) - 4 * k * (b @ sums) + part.count * k**2)


@dataclass(frozen=True)
class Sums:
    """What the epochs of some subjects add up to; stored with the model that was fitted to them."""

    layout: Layout
    subjects: tuple[SubjectId, ...]
    statistics: Statistics
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
        _, first = next(stream(tables))
        statistics = Statistics.of(first)
        scale, _ = spread(statistics.variance, statistics.mean, statistics.count)
        unit = Unit(statistics.mean.astype(np.float32), scale.astype(np.float32))
        return cls.none(Layout.of(first), unit).extended(tables)

    @classmethod
    def none(cls, layout: Layout, unit: Unit) -> Self:
        """Of no epochs yet."""
        zeros = np.zeros((layout.n_features, layout.n_features))
        empty = ClassStatistics(0, zeros[0], zeros)
        higher = HigherMoments(zeros.astype(np.float32), zeros.astype(np.float32))
        return cls(layout, (), Statistics(layout.n_channels, empty, empty), unit, (higher, higher))

    def extended(self, tables: Tables) -> Self:
        """With the epochs of new subjects added.

        Raises
        ------
        InvalidInput
            A subject that is in the sums already, or a table that differs in features, channels or
            recipe from what the sums were taken of.
        """
        sums = self
        for subject, table in stream(tables, self.layout):
            if subject in self.subjects:
                raise InvalidInput(f"{subject_name(subject)} is in the stored sums already: give new subjects only")
            parts = (table.features[~table.targets], table.features[table.targets])
            higher = [each + HigherMoments.of(part, self.unit) for each, part in zip(sums.higher, parts, strict=True)]
            sums = replace(
                sums,
                subjects=(*sums.subjects, subject),
                statistics=sums.statistics + Statistics.of(table),
                higher=(higher[0], higher[1]),
            )
        return sums

    def quartic_sums(self, view: View) -> Float64s:
        """What :func:`p300.model.linear.shrinkage.quartic_sums` would give of all epochs: shape (2,).

        Raises
        ------
        InvalidInput
            The view has spatial filters: filtered epochs have other moments than these.
        """
        if view.filters is not None:
            raise InvalidInput("a classifier with spatial filters cannot be fitted to stored sums: read all subjects")
        parts = zip(self.higher, self.statistics.classes, view.standardisers, strict=True)
        return np.array([higher.quartic_sum(part, standardiser, self.unit) for higher, part, standardiser in parts])

    def to_bytes(self) -> bytes:
        """As an npz archive: 25 MB for 1,120 features."""
        meta = {"format": FORMAT, "layout": self.layout, "subjects": self.subjects}
        arrays: dict[str, NDArray[Any]] = {
            "meta": np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8),
            "origin": self.unit.origin,
            "scale": self.unit.scale,
        }
        for name, part, higher in zip(CLASS_NAMES, self.statistics.classes, self.higher, strict=True):
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
            scatter = _whole(arrays[f"{name}.scatter"], n_features)
            parts.append(ClassStatistics(int(arrays[f"{name}.count"]), arrays[f"{name}.mean"], scatter))
            quartic = _whole(arrays[f"{name}.quartic"], n_features)
            higher.append(HigherMoments(arrays[f"{name}.cubic"], quartic))
        statistics = Statistics(layout.n_channels, parts[0], parts[1])
        unit = Unit(arrays["origin"], arrays["scale"])
        return cls(layout, tuple(meta["subjects"]), statistics, unit, (higher[0], higher[1]))


def _half(matrix: NDArray[Real]) -> NDArray[Real]:
    """Upper triangle of a symmetric matrix, row by row."""
    return matrix[np.triu_indices(len(matrix))]


def _whole(half: NDArray[Real], size: int) -> NDArray[Real]:
    matrix = np.zeros((size, size), dtype=half.dtype)
    matrix[np.triu_indices(size)] = half
    return matrix + np.triu(matrix, 1).T
