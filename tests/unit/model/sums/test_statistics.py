import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.model.sums.statistics import ClassStatistics, Statistics


def assert_same(one: ClassStatistics, other: ClassStatistics, scale: float = 0) -> None:
    """Equal but for rounding in the last digits of ``scale``, by default the largest scatter itself."""
    assert one.count == other.count
    scale = scale or np.abs(other.scatter).max() or 1
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.scatter / scale, other.scatter / scale, atol=1e-10)


def blocks_of(seed: int, sizes: list[int], offset: float = 0.0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [offset + rng.normal(rng.normal(), 1 + rng.random(), (size, 5)) for size in sizes]


blocks = st.builds(
    blocks_of, st.integers(0, 2**32 - 1), st.lists(st.integers(0, 12), min_size=2, max_size=6), st.sampled_from([0, 50])
)


@given(blocks, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_parts_add_up_in_any_order(parts, random):
    whole = ClassStatistics.of(np.concatenate(parts))
    random.shuffle(parts)
    total = ClassStatistics.of(parts[0])
    for part in parts[1:]:
        total = total + ClassStatistics.of(part)
    assert_same(total, whole)


@given(blocks, st.data())
@settings(max_examples=60, deadline=None)
def test_a_part_taken_away_leaves_the_others(parts, data):
    index = data.draw(st.integers(0, len(parts) - 1))
    others = np.concatenate(parts[:index] + parts[index + 1 :])
    whole = ClassStatistics.of(np.concatenate(parts))
    rest = whole - ClassStatistics.of(parts[index])
    if rest.count:
        assert_same(rest, ClassStatistics.of(others), scale=np.abs(whole.scatter).max())
    else:
        assert len(others) == 0
        assert not rest.scatter.any()


def test_a_feature_that_only_varied_in_the_part_taken_away_is_exactly_constant():
    rest, part = np.random.default_rng(0).standard_normal((2, 40, 5))
    rest[:, 2] = 0.1
    left = ClassStatistics.of(np.concatenate([rest, part])) - ClassStatistics.of(part)
    assert not left.scatter[2].any()
    assert not left.scatter[:, 2].any()
    assert left.variance[2] == 0
    assert left.mean[2] == pytest.approx(0.1)


def test_moments_by_time_are_those_of_the_whole(tables):
    table = tables[1]
    for direct, derived in zip(
        Statistics.by_time_of(table).classes, Statistics.of(table).by_time().classes, strict=True
    ):
        assert_same(direct, derived)


def test_filtered_statistics_are_those_of_filtered_epochs(tables, make_table):
    table = tables[1]
    filters = np.random.default_rng(3).standard_normal((2, table.n_channels))
    epochs = table.features.astype(np.float64).reshape(len(table.features), table.n_channels, -1)
    filtered = make_table((filters @ epochs).reshape(len(epochs), -1), table.labels, n_channels=2)
    statistics = Statistics.of(table)
    for expected, whole, by_time in zip(
        Statistics.of(filtered).classes,
        statistics.filtered(filters).classes,
        statistics.by_time().filtered(filters).classes,
        strict=True,
    ):
        scale = np.abs(expected.scatter).max()
        np.testing.assert_allclose(whole.scatter / scale, expected.scatter / scale, atol=1e-6)
        np.testing.assert_allclose(by_time.variance.T.ravel(), expected.variance, rtol=1e-5)
        np.testing.assert_allclose(by_time.mean.T.ravel(), expected.mean, rtol=1e-4, atol=1e-9)


def test_total_mean_and_variance_are_those_of_all_epochs(tables):
    features = tables[1].features.astype(np.float64)
    statistics = Statistics.of(tables[1])
    np.testing.assert_allclose(statistics.mean, features.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(statistics.variance, features.var(axis=0), rtol=1e-9)
