"""Fitting and leave-one-subject-out: ours beside scikit-learn's refits, on the same tables."""

import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.rows import Row, in_turn, row
from p300.domain import FeatureTable, Label, Provenance, Recipe, SubjectId
from p300.model.candidates import candidate

N_EPOCHS, N_CHANNELS, N_TIMES = 1188, 16, 70
N_FIT_EPOCHS = 61_000
N_SUBJECTS = 64
N_REFITS = 2


class Tables(Mapping[SubjectId, FeatureTable]):
    """Tables of correlated noise with a small difference between the classes, made on each access.

    Real features are smooth in time and shared between channels; the speed does not depend on it,
    but the equality of coefficients does.
    """

    def __init__(self, n_subjects: int) -> None:
        rng = np.random.default_rng(3)
        self._tables: dict[SubjectId, FeatureTable] = {}
        mixing = rng.standard_normal((N_CHANNELS, N_CHANNELS)) / 4 + np.eye(N_CHANNELS)
        evoked = np.outer(mixing[0], np.exp(-((np.arange(N_TIMES) - 45) ** 2) / 80)) * 0.15
        for number in range(1, n_subjects + 1):
            noise = rng.standard_normal((N_EPOCHS, N_CHANNELS, N_TIMES), dtype=np.float32).cumsum(axis=2) / 4
            labels = np.where(rng.random(N_EPOCHS) < 1 / 6, Label.Target, Label.NonTarget).astype(np.int8)
            epochs = mixing.astype(np.float32) @ noise
            epochs[labels == Label.Target] += evoked.astype(np.float32)
            self._tables[SubjectId(number)] = _table(epochs.reshape(N_EPOCHS, -1), labels)

    def __getitem__(self, subject: SubjectId) -> FeatureTable:
        return self._tables[subject]

    def __iter__(self) -> Iterator[SubjectId]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def run() -> list[Row]:
    tables = Tables(N_SUBJECTS)
    return [_fit(tables), _leave_one_subject_out(tables)]


def _fit(tables: Tables) -> Row:
    n_subjects = round(N_FIT_EPOCHS / N_EPOCHS)
    chosen = {subject: tables[subject] for subject in list(tables)[:n_subjects]}
    X, y = _stacked(chosen)
    fitted: dict[str, Pipeline] = {}

    def remember(name: str, fit: Callable[[], Pipeline]) -> None:
        fitted[name] = fit()

    halves = np.array_split(X.astype(np.float32), 2)
    works: dict[str, Callable[[], object]] = {
        "ours": lambda: remember("ours", lambda: candidate("lda").fit(chosen)),
        "peer": lambda: remember("peer", lambda: _peer().fit(X, y)),
        "floor": lambda: [half.T @ half for half in halves],
    }
    measured = row(
        f"fit LDA, {len(X)} x {X.shape[1]} (peer: scikit-learn on float64; floor: one float32 Gram)",
        in_turn(works, rounds=1),
        "s",
        "8 times faster, coefficients equal to 1e-5",
        lower_is_better=True,
    )
    ours, peer = (_raw_weights(fitted[name]) for name in ("ours", "peer"))
    return measured | {"coefficient_error": float(np.abs(ours - peer).max() / np.abs(peer).max())}


def _leave_one_subject_out(tables: Tables) -> Row:
    start_s = time.perf_counter()
    ours = candidate("lda").leave_one_subject_out(tables)
    ours_s = time.perf_counter() - start_s
    start_s = time.perf_counter()
    differences = [_difference(tables, subject, ours[subject]) for subject in list(tables)[:N_REFITS]]
    peer_s = (time.perf_counter() - start_s) / N_REFITS * len(tables)
    work = (
        f"leave one subject out, {len(tables)} subjects x {N_EPOCHS} "
        f"(peer: scikit-learn on float64, {N_REFITS} of its refits measured)"
    )
    measured = {"ours": ours_s, "peer": peer_s}
    return row(work, measured, "s", "80 times faster, same scores", lower_is_better=True) | {
        "largest_probability_difference": max(differences)
    }


def _difference(tables: Tables, subject: SubjectId, ours: np.ndarray) -> float:
    X, y = _stacked({other: tables[other] for other in tables if other != subject})
    theirs = _peer().fit(X, y).predict_proba(tables[subject].features.astype(np.float64))[:, 1]
    return float(np.abs(ours - theirs).max())


def _peer() -> Pipeline:
    return make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))


def _raw_weights(pipeline: Pipeline) -> np.ndarray:
    scaler, lda = (step for _, step in pipeline.steps)
    weights: np.ndarray = lda.coef_[0] / scaler.scale_
    return weights


def _stacked(tables: Mapping[SubjectId, FeatureTable]) -> tuple[np.ndarray, np.ndarray]:
    """Features in float64, shape (n_epochs, n_features), and labels."""
    X = np.concatenate([table.features for table in tables.values()], dtype=np.float64)
    return X, np.concatenate([table.labels for table in tables.values()])


def _table(features: np.ndarray, labels: np.ndarray) -> FeatureTable:
    n_epochs = len(features)
    channels = tuple(f"ch{number}" for number in range(N_CHANNELS))
    provenance = Provenance(Recipe(), 512.0, channels, "key", "sha256", n_epochs, n_epochs, 0, 0, {})
    order = np.arange(n_epochs)
    return FeatureTable(features, labels, order.astype(np.int32), order.astype(np.int64), provenance)
