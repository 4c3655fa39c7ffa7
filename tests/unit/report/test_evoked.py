"""Grand averages count each subject the same and say in which unit they are."""

from dataclasses import replace

import numpy as np
import pytest

from p300.domain import FeatureTable, Label
from p300.domain.recipe import Recipe
from p300.errors import InvalidInput
from p300.report.evoked import evoked
from tests.builders import make_table


def _table(level: float, n_epochs: int, recipe: Recipe) -> FeatureTable:
    """Target epochs at a level, NonTarget epochs at zero, on two channels and eleven times."""
    labels = np.where(np.arange(n_epochs) % 2 == 0, 2, 1).astype(np.int8)
    features = np.where(labels[:, np.newaxis] == Label.Target, level, 0).repeat(22, axis=1).astype(np.float32)
    return make_table(features, labels, recipe=recipe)


def test_subjects_count_the_same_however_many_epochs_they_have() -> None:
    recipe = Recipe(window_s=(-0.05, 0.05), baseline_s=None, normalisation="none")
    grand = evoked([_table(2e-6, 10, recipe), _table(4e-6, 300, recipe)])
    np.testing.assert_allclose(grand.mean[Label.Target], np.full((2, 11), 3.0), rtol=1e-5)
    np.testing.assert_allclose(grand.spread[Label.Target], np.full((2, 11), 1.0), rtol=1e-5)
    np.testing.assert_array_equal(grand.mean[Label.NonTarget], np.zeros((2, 11)))
    np.testing.assert_allclose(grand.times_s, np.arange(-5, 6) / 100, atol=1e-12)
    assert (grand.unit, grand.n_subjects, grand.channel_names) == ("µV", 2, ("Cz", "Pz"))


def test_normalised_recordings_come_back_to_microvolts() -> None:
    recipe = Recipe(window_s=(-0.05, 0.05), baseline_s=None, normalisation="euclidean")
    to_volts = np.array([[1e-6, 2e-6], [0, 3e-6]], np.float32)
    tables = [replace(_table(level, 10, recipe), to_volts=to_volts) for level in (1.0, 3.0)]
    grand = evoked(tables)
    assert grand.unit == "µV"
    np.testing.assert_allclose(grand.mean[Label.Target], np.full((2, 11), 6.0), rtol=1e-6)
    np.testing.assert_allclose(grand.difference, np.full((2, 11), 6.0), rtol=1e-6)
    mixed = evoked([*tables, _table(2.0, 10, recipe)])
    assert mixed.unit == "a.u."
    np.testing.assert_allclose(mixed.mean[Label.Target], np.full((2, 11), 2.0))


def test_other_channels_are_not_averaged_with_these() -> None:
    recipe = Recipe(window_s=(-0.05, 0.05), baseline_s=None)
    table = _table(2.0, 10, recipe)
    other = replace(table, provenance=replace(table.provenance, channel_names=("Fz", "Pz")))
    with pytest.raises(InvalidInput, match="other channels"):
        evoked([table, other])


def test_normalised_recordings_have_no_physical_unit() -> None:
    grand = evoked([_table(2.0, 10, Recipe(window_s=(-0.05, 0.05), baseline_s=None))])
    assert grand.unit == "a.u."
    np.testing.assert_allclose(grand.mean[Label.Target], np.full((2, 11), 2.0))


def test_nobody_has_no_average() -> None:
    with pytest.raises(InvalidInput, match="no subjects to average"):
        evoked([])


def test_a_subject_of_one_class_counts_for_that_class_alone() -> None:
    both, some = (_table(level, 10, Recipe(window_s=(-0.05, 0.05), baseline_s=None)) for level in (2.0, 6.0))
    targets = make_table(some.features[some.targets], some.labels[some.targets], recipe=both.provenance.recipe)
    grand = evoked([both, targets])
    np.testing.assert_allclose(grand.mean[Label.Target], np.full((2, 11), 4.0))
    np.testing.assert_array_equal(grand.mean[Label.NonTarget], np.zeros((2, 11)))
    with pytest.raises(InvalidInput, match="no subject has epochs of both classes"):
        evoked([targets])
