import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from p300.model.candidates import candidate
from p300.model.linear.model import linear_model
from p300.model.linear.toeplitz import block_toeplitz


def literal_block_toeplitz(covariance, n_channels, taper):
    """The definition, one entry at a time."""
    n_times = len(covariance) // n_channels
    result = np.empty_like(covariance)
    for a in range(n_channels):
        for b in range(n_channels):
            for s in range(n_times):
                for t in range(n_times):
                    lag = t - s
                    same_lag = [
                        covariance[a * n_times + u, b * n_times + u + lag]
                        for u in range(n_times)
                        if 0 <= u + lag < n_times
                    ]
                    weight = 1 - abs(lag) / n_times if taper else 1
                    result[a * n_times + s, b * n_times + t] = weight * np.mean(same_lag)
    return result


@pytest.mark.parametrize("taper", [True, False])
def test_equal_lags_are_averaged(taper):
    samples = np.random.default_rng(0).standard_normal((50, 3 * 5))
    covariance = samples.T @ samples
    ours = block_toeplitz(covariance, 3, taper=taper)
    np.testing.assert_allclose(ours, literal_block_toeplitz(covariance, 3, taper), atol=1e-12)


def test_the_taper_keeps_the_covariance_definite():
    samples = np.random.default_rng(1).standard_normal((4, 3 * 20))
    ridge = 1e-3 * np.eye(3 * 20)
    assert np.linalg.eigvalsh(block_toeplitz(samples.T @ samples + ridge, 3, taper=True)).min() > 0


@pytest.mark.parametrize(("shrinkage", "taper"), [("auto", True), ("auto", False), (0.2, True)])
def test_toeplitz_lda_is_the_literal_computation(tables, shrinkage, taper):
    features = np.concatenate([table.features for table in tables.values()]).astype(np.float64)
    targets = np.concatenate([table.targets for table in tables.values()])
    n_channels = tables[1].n_channels
    means = np.stack([features[~targets].mean(axis=0), features[targets].mean(axis=0)])
    residuals = features - means[targets.astype(int)]
    spread = np.sqrt((residuals.reshape(len(features), n_channels, -1) ** 2).mean(axis=(0, 2)))
    scale = np.repeat(spread, features.shape[1] // n_channels)
    residuals /= scale
    if shrinkage == "auto":
        covariance, _ = ledoit_wolf(residuals, assume_centered=True)
    else:
        covariance = (1 - shrinkage) * residuals.T @ residuals / len(features) + shrinkage * np.eye(len(scale))
    stationary = literal_block_toeplitz(covariance, n_channels, taper)
    weights = np.linalg.solve(stationary, (means[1] - means[0]) / scale) / scale
    model = linear_model(candidate("toeplitz-lda", shrinkage=shrinkage, taper=taper).fit(tables))
    np.testing.assert_allclose(model.weights / np.abs(weights).max(), weights / np.abs(weights).max(), atol=1e-5)
    odds = targets.mean() / (1 - targets.mean())
    assert model.bias == pytest.approx(np.log(odds) - weights @ means.sum(axis=0) / 2, abs=1e-4)
