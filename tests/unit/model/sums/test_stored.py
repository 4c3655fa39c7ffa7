import numpy as np
import pytest

from p300.domain import Recipe, SubjectId
from p300.errors import InvalidInput, Refused
from p300.model.candidates import candidate
from p300.model.linear.model import linear_model
from p300.model.linear.shrinkage import View, quartic_sums
from p300.model.sums.stored import Sums

OTHER = Recipe(normalisation="none")


def of_subjects(tables, *subjects):
    return {SubjectId(subject): tables[subject] for subject in subjects}


@pytest.mark.parametrize("name", ["lda", "toeplitz-lda"])
def test_stored_sums_and_new_subjects_give_the_full_fit(tables, name):
    stored = Sums.of(of_subjects(tables, 1, 2, 3)).to_bytes()
    sums = Sums.from_bytes(stored).extended(of_subjects(tables, 4, 5)).extended(of_subjects(tables, 6))
    assert sums.subjects == (1, 2, 3, 4, 5, 6)
    incremental = linear_model(candidate(name).fit_sums(sums))
    full = linear_model(candidate(name).fit(tables))
    scale = np.abs(full.weights).max()
    np.testing.assert_allclose(incremental.weights / scale, full.weights / scale, atol=1e-5)
    assert incremental.bias == pytest.approx(full.bias, abs=1e-5)


def test_quartic_sums_of_moments_are_those_of_epochs(tables):
    sums = Sums.of(tables)
    view = View.of(sums.total.statistics().by_time())
    direct = sum(quartic_sums(table, [view])[:, 0] for table in tables.values())
    features = np.concatenate([table.features[table.targets] for table in tables.values()]).astype(np.float64)
    literal = np.sum(np.sum(((features - features.mean(axis=0)) / features.std(axis=0)) ** 2, axis=1) ** 2)
    np.testing.assert_allclose(direct[1], literal, rtol=1e-5)
    np.testing.assert_allclose(sums.quartic_sums(view.standardisers), direct, rtol=1e-5)


def test_quartic_sums_of_moments_hold_when_the_first_subject_is_unlike_the_others(tables, make_table):
    tables[1] = make_table(tables[1].features * 3 + 2e-5, tables[1].labels)
    sums = Sums.of(tables)
    view = View.of(sums.total.statistics().by_time())
    direct = sum(quartic_sums(table, [view])[:, 0] for table in tables.values())
    np.testing.assert_allclose(sums.quartic_sums(view.standardisers), direct, rtol=1e-5)


def test_a_subject_is_not_added_twice(tables):
    with pytest.raises(InvalidInput, match="subject_02 is in the stored sums already"):
        Sums.of(of_subjects(tables, 1, 2)).extended(of_subjects(tables, 2, 3))


def test_subjects_of_another_recipe_are_refused(tables, make_table):
    other = make_table(tables[3].features, tables[3].labels, recipe=OTHER)
    with pytest.raises(InvalidInput, match=f"subject_03 does not match the model: recipe {OTHER.hash[:12]} against"):
        Sums.of(of_subjects(tables, 1, 2)).extended({SubjectId(3): other})


@pytest.mark.parametrize("name", ["xdawn-lda", "riemann", "ensemble"])
def test_where_sums_do_not_suffice_the_candidate_says_so(tables, name):
    sums = Sums.of(tables)
    assert not candidate(name).sums_suffice
    with pytest.raises(Refused, match=f"{name} needs the epochs of all 6 subjects: train it without --incremental"):
        candidate(name).fit_sums(sums)
    with pytest.raises(Refused, match=f"{name} needs the epochs of all 6 subjects"):
        candidate(name).leave_out_of_sums(sums, tables)


@pytest.mark.parametrize("name", ["lda", "toeplitz-lda"])
def test_sums_of_more_subjects_serve_to_leave_some_of_them_out(tables, name):
    every = candidate(name).leave_one_subject_out(tables)
    some = candidate(name).leave_out_of_sums(Sums.of(tables), of_subjects(tables, 2, 5))
    assert list(some) == [2, 5]
    for subject, probabilities in some.items():
        np.testing.assert_allclose(probabilities, every[subject], atol=1e-9)


def test_extended_sums_leave_those_they_came_from_as_they_were(tables):
    sums = Sums.of(of_subjects(tables, 1, 2))
    before = sums.to_bytes()
    assert sums.extended(of_subjects(tables, 3)).subjects == (1, 2, 3)
    assert sums.to_bytes() == before


def test_sums_are_stored_compactly(tables):
    stored = Sums.of(tables).to_bytes()
    n_features = tables[1].features.shape[1]
    assert len(stored) < 2 * 12 * n_features**2


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: b"no archive", lambda data: data[: len(data) // 2]])
def test_other_bytes_are_refused(tables, damage):
    stored = Sums.of(of_subjects(tables, 1)).to_bytes()
    with pytest.raises(InvalidInput, match="not the stored sums"):
        Sums.from_bytes(damage(stored))
