import numpy as np
import pytest

from p300.model.linear.model import LinearModel
from p300.serving.models.logits import Logits


@pytest.mark.parametrize("n_features", [1, 255, 256, 1120])
@pytest.mark.parametrize("n_epochs", [1, 32, 33, 256])
def test_sums_are_exact_to_the_seventh_digit(n_epochs: int, n_features: int) -> None:
    rng = np.random.default_rng(n_epochs)
    weights = rng.standard_normal(n_features) / np.sqrt(n_features)
    features = rng.standard_normal((n_epochs, n_features)).astype(np.float32)
    exact = features.astype(np.longdouble) @ weights + 0.5
    np.testing.assert_allclose(Logits(LinearModel(weights, 0.5))(features), exact.astype(float), atol=1e-6)
