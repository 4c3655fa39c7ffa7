"""Each table is fetched once, and what cannot be learnt from is said before anything is learnt."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from p300.domain import FeatureTable, SubjectId
from p300.errors import InvalidInput
from p300.jobs.training.reading import read_once, require_distinct
from p300.model.candidates import CANDIDATES, candidate
from p300.model.tables import Layout
from p300.model.tuning import tune
from p300.report.evoked import evoked
from tests.builders import make_table

CHANNELS = ("Fz", "Cz", "Pz", "Oz")
N_EPOCHS, N_TIMES = 60, 70


class Counted(Mapping[SubjectId, FeatureTable]):
    """Tables that know how often each was asked for."""

    def __init__(self, tables: dict[SubjectId, FeatureTable]) -> None:
        self._tables = tables
        self.reads: Counter[SubjectId] = Counter()

    def __getitem__(self, subject: SubjectId) -> FeatureTable:
        self.reads[subject] += 1
        return self._tables[subject]

    def __iter__(self) -> Iterator[SubjectId]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def one_table(number: int, n_targets: int = 10, raw_sha256: str | None = None) -> FeatureTable:
    rng = np.random.default_rng(number)
    labels = np.where(np.arange(N_EPOCHS) < n_targets, 2, 1)
    features = rng.standard_normal((N_EPOCHS, len(CHANNELS) * N_TIMES)) + (labels[:, None] == 2)
    return make_table(
        features, rng.permutation(labels), channel_names=CHANNELS, raw_sha256=raw_sha256 or f"{number:064d}"
    )


@pytest.fixture
def tables() -> Counted:
    return Counted({SubjectId(number): one_table(number) for number in range(1, 5)})


@pytest.mark.parametrize("name", CANDIDATES)
def test_whatever_is_trained_reads_each_table_once_and_learns_the_same(tables, name):
    parameters = {key: 1 for key in CANDIDATES[name].parameters if key.endswith("n_filters")}
    chosen = candidate(name, **parameters)
    with read_once(tables) as reading:
        answers = chosen.leave_one_subject_out(reading.tables)
        estimator = chosen.fit(reading.tables)
    assert tables.reads == dict.fromkeys(tables, 1)
    direct = chosen.leave_one_subject_out(tables)
    for subject in tables:
        np.testing.assert_array_equal(answers[subject], direct[subject])
    features = tables[SubjectId(1)].features
    np.testing.assert_array_equal(estimator.predict_proba(features), chosen.fit(tables).predict_proba(features))


def test_a_search_reads_each_table_once(tables):
    grid = (candidate("lda"), candidate("xdawn-lda", n_filters=1), candidate("ensemble", **{"riemann.n_filters": 1}))
    with read_once(tables) as reading:
        tune(reading.tables, grid)
    assert tables.reads == dict.fromkeys(tables, 1)


def test_all_else_comes_with_the_first_read(tables):
    with read_once(tables) as reading:
        assert tables.reads == dict.fromkeys(tables, 1)
        assert list(reading.tables) == list(reading.provenances) == list(reading.flashes) == list(tables)
    whole = evoked(tables.values())
    for label, mean in reading.evoked.mean.items():
        np.testing.assert_array_equal(mean, whole.mean[label])
    first = tables[SubjectId(1)]
    np.testing.assert_array_equal(reading.example, first.features[:2])
    np.testing.assert_array_equal(reading.flashes[SubjectId(1)].targets, first.targets)
    assert reading.provenances[SubjectId(1)] == first.provenance


def test_a_table_comes_back_as_it_was(tables):
    with read_once(tables) as reading:
        for subject, table in reading.tables.items():
            original = tables[subject]
            for name in ("features", "labels", "epochs", "onset_samples"):
                np.testing.assert_array_equal(getattr(table, name), getattr(original, name))
            assert table.provenance == original.provenance
        with pytest.raises(KeyError):
            reading.tables[SubjectId(9)]


@pytest.mark.parametrize(("n_targets", "lacking"), [(0, "Target"), (N_EPOCHS, "NonTarget")])
def test_a_subject_of_one_class_is_set_aside_in_words(tables, caplog, n_targets, lacking):
    lonely = Counted({**tables, SubjectId(2): one_table(2, n_targets)})
    with caplog.at_level(logging.WARNING), read_once(lonely) as reading:
        assert list(reading.tables) == [1, 3, 4]
    assert reading.set_aside == {2: f"has no epochs of {lacking}"}
    assert f"subject_02 has no epochs of {lacking}: it is left out of training" in caplog.text


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_subject_with_a_single_target_stops_nobody(tables, name):
    parameters = {key: 1 for key in CANDIDATES[name].parameters if key.endswith("n_filters")}
    with read_once(Counted({**tables, SubjectId(2): one_table(2, 1)})) as reading:
        answers = candidate(name, **parameters).leave_one_subject_out(reading.tables)
    assert all(np.isfinite(probabilities).all() for probabilities in answers.values())
    assert np.isfinite(reading.evoked.spread[2]).all()


def test_where_nobody_has_both_classes_nothing_is_learnt(tables):
    with (
        pytest.raises(InvalidInput, match="no subject has epochs of both classes"),
        read_once(Counted({subject: one_table(subject, 0) for subject in tables})),
    ):
        pass


def test_one_recording_under_two_numbers_is_refused(tables):
    twice = Counted({**tables, SubjectId(7): one_table(7, raw_sha256=f"{3:064d}")})
    with (
        pytest.raises(InvalidInput, match="subject_03 and subject_07 are the same recording, byte for byte"),
        read_once(twice),
    ):
        pass
    unknown = tables[SubjectId(1)].provenance.__class__(**{**vars(tables[SubjectId(1)].provenance), "raw_sha256": ""})
    require_distinct({SubjectId(1): unknown, SubjectId(2): unknown})


def test_tables_that_differ_from_what_is_expected_are_refused(tables):
    layout = Layout.of(tables[SubjectId(1)])._replace(recipe_hash="another")
    with pytest.raises(InvalidInput, match="subject_01 does not match the model: recipe"), read_once(tables, layout):
        pass


def test_where_the_disk_is_full_tables_are_read_again(tables, monkeypatch, caplog):
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Path("/dev/full").open("w+b", buffering=0))  # noqa: SIM115
    with caplog.at_level(logging.WARNING), read_once(tables) as reading:
        answers = candidate("lda").leave_one_subject_out(reading.tables)
    assert list(answers) == [1, 2, 3, 4]
    assert tables.reads == dict.fromkeys(tables, 3)
    assert "subject_01 is read from the store again where it is needed" in caplog.text
