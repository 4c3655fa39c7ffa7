"""What many tests need: a small recording, and a store in a temporary folder. And what was not tested, in one line."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from p300.domain import Recording
from p300.store.objects import ObjectStore, open_store


def pytest_unconfigure(config: pytest.Config) -> None:
    """After everything else is said."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    skipped = terminal.stats.get("skipped", []) if terminal else []
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    if reasons:
        counted = (f"{n_tests} {'test' if n_tests == 1 else 'tests'} ({reason})" for reason, n_tests in reasons.items())
        terminal.write_line(f"not tested here: {', '.join(counted)}")


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store(str(tmp_path / "store"))


@pytest.fixture
def recording() -> Recording:
    """Twenty seconds of noise on three channels at 128 Hz: 80 flashes, every fourth a target."""
    rng = np.random.default_rng(7)
    samples = (rng.standard_normal((3, 20 * 128)) * 5e-6).astype(np.float32)
    stim = np.zeros(samples.shape[1], dtype=np.int8)
    onsets = np.arange(80) * 28 + 100
    stim[onsets] = np.where(np.arange(80) % 4 == 0, 2, 1)
    return Recording(samples, stim, 128.0, ("Cz", "Pz", "Oz"))


@pytest.fixture(scope="session")
def evoked_recording() -> Callable[[int], Recording]:
    """By subject: forty seconds on three channels at 128 Hz, 160 flashes, every fourth a target with a response."""

    def make(subject: int) -> Recording:
        rng = np.random.default_rng(subject)
        samples = (rng.standard_normal((3, 40 * 128)) * 5e-6).astype(np.float32)
        onsets = np.arange(160) * 28 + 100
        for onset in onsets[::4]:
            samples[:, onset + 38 : onset + 58] += 4e-6
        stim = np.zeros(samples.shape[1], dtype=np.int8)
        stim[onsets] = np.where(np.arange(160) % 4 == 0, 2, 1)
        return Recording(samples, stim, 128.0, ("Cz", "Pz", "Oz"))

    return make
