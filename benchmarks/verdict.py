"""How often the verdict errs, how often it finds a difference that is there, and how long it takes.

People who never were: what one gains differs by a standard deviation of .02 AUC, and what is seen of it by .011 more,
for each saw 1,188 flashes. On real sets both together are .005 to .02. ``python -m benchmarks.verdict`` prints the
table of ``docs/results.md``; tests play whole contests, flash by flash.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from p300.domain import Float64s
from p300.rollout.evidence import (
    FEW_SUBJECTS,
    N_RESAMPLES,
    bootstrap_interval,
    hierarchical_means,
    typical_interval,
)
from p300.rollout.verdict import compare
from tests.unit.rollout.contests import people

ERROR = 0.05
SPREAD_AUC = 0.02
FLASHES_AUC = 0.011
MINIMUM_EFFECT = 0.005
DIFFERENCES = (0.0, 0.01, 0.02, 0.05)
SUBJECTS = (5, 10, 20, 60)
N_REPLICATES = 2_000


@dataclass(frozen=True)
class Rates:
    """Shares of contests: promoted, and where the interval of these very people is above zero."""

    promoted: float
    above_zero_of_these: float


def main() -> None:
    parser = argparse.ArgumentParser(description="How often the verdict errs, and how often it finds what is there.")
    parser.add_argument("--contests", type=int, default=2_000)
    n_contests = parser.parse_args().contests
    console = Console(width=160)
    console.print("| true difference | " + " | ".join(f"{n} people" for n in SUBJECTS) + " |")
    for difference in DIFFERENCES:
        cells = []
        for n_subjects in SUBJECTS:
            rates = measure(n_subjects, difference, n_contests)
            cells.append(f"{rates.promoted:.1%} ({rates.above_zero_of_these:.1%})")
        console.print(f"| {difference:g} | " + " | ".join(cells) + " |")
    champion, challenger = people(np.random.default_rng(0), max(SUBJECTS), 1188, gain=0.1, spread=0.1)
    start_s = time.perf_counter()
    compare(champion, challenger)
    console.print(f"{max(SUBJECTS)} people x 1188 flashes, 10,000 replicates: {time.perf_counter() - start_s:.2f} s")


def measure(n_subjects: int, difference: float, n_contests: int) -> Rates:
    """Play contests of people for whom the challenger is better by `difference` on average."""
    rng = np.random.default_rng([n_subjects, round(1000 * difference)])
    promoted, above = 0, 0
    for _ in range(n_contests):
        true = rng.normal(difference, SPREAD_AUC, n_subjects)
        seen = true + rng.normal(0, FLASHES_AUC, n_subjects)
        promoted += _low(seen, rng) > 0 and seen.mean() >= MINIMUM_EFFECT
        above += seen.mean() > 1.645 * FLASHES_AUC / np.sqrt(n_subjects)
    return Rates(promoted / n_contests, above / n_contests)


def _low(seen: Float64s, rng: np.random.Generator) -> float:
    if len(seen) <= FEW_SUBJECTS:
        return typical_interval(seen, ERROR).low
    resampled = seen[:, None] + rng.normal(0, FLASHES_AUC, (len(seen), N_RESAMPLES))
    return bootstrap_interval(hierarchical_means(resampled, rng, N_REPLICATES), len(seen), ERROR).low


if __name__ == "__main__":
    main()
