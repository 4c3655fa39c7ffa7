"""How sure a difference between two versions is: of these people, and of the next one.

Of these people: their errors are independent, so the variance of their mean difference is the mean of DeLong's
variances over their number. Of the next person: people are a sample too.

- A few people: the means of all their subsets are typical values of the centre of a symmetric distribution (Hartigan
  1969, Journal of the American Statistical Association 64:1303, theorem 2): it lies below the k-th smallest of the
  2ⁿ - 1 with probability k / 2ⁿ. That this bound is above zero is what the exact sign-flip permutation test finds, too.
- More: the hierarchical bootstrap, which draws subjects and then epochs of each (Davison & Hinkley 1997, section 3.8),
  by percentiles that are expanded for n subjects (Hesterberg 2015, The American Statistician 69:371, section 5.3).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy.stats import t as student_t

from p300.domain import Float64s
from p300.model.answers import Answers
from p300.rollout.difference import SubjectDifference, resampled_differences

FEW_SUBJECTS = 20
N_RESAMPLES = 1_000
N_REPLICATES = 10_000
POWER = 0.8
_DRAWN_AT_ONCE = 2**21


@dataclass(frozen=True)
class Interval:
    """Between two bounds, each of which is wrong with probability `error` at most; infinite where none is that sure."""

    low: float
    high: float
    error: float


def interval_of_these(subjects: Sequence[SubjectDifference], error: float) -> Interval:
    """Of the mean difference on these very people, if they were shown as many flashes again.

    Parameters
    ----------
    error : float
        How often either bound may be wrong.
    """
    middle = float(np.mean([each.difference for each in subjects]))
    standard_error = math.sqrt(sum(each.variance for each in subjects)) / len(subjects)
    margin = NormalDist().inv_cdf(1 - error) * standard_error
    return Interval(middle - margin, middle + margin, error)


def interval_of_the_next(
    subjects: Sequence[SubjectDifference], champion: Answers, challenger: Answers, error: float, seed: int = 0
) -> Interval:
    """Of the mean difference over all people of whom these are a sample.

    Parameters
    ----------
    subjects : sequence of SubjectDifference
    champion, challenger : Answers
        What they were made of; looked at where there are more than :data:`FEW_SUBJECTS`.
    error : float
        How often either bound may be wrong.
    """
    if len(subjects) <= FEW_SUBJECTS:
        return typical_interval(np.array([each.difference for each in subjects]), error)
    rng = np.random.default_rng(seed)
    resampled = np.stack(
        [resampled_differences(champion[each], challenger[each], rng, N_RESAMPLES) for each in sorted(champion)]
    )
    return bootstrap_interval(hierarchical_means(resampled, rng, N_REPLICATES), len(subjects), error)


def typical_interval(differences: Float64s, error: float) -> Interval:
    """By the means of all subsets of at most :data:`FEW_SUBJECTS` differences."""
    means = np.sort(subset_means(differences))
    place = math.floor(error * (len(means) + 1))
    if place < 1:
        return Interval(-math.inf, math.inf, error)
    return Interval(float(means[place - 1]), float(means[-place]), error)


def subset_means(values: Float64s) -> Float64s:
    """The mean of each subset but the empty one: shape (2 ** n - 1,)."""
    sums, counts = np.zeros(1), np.zeros(1)
    for value in values:
        sums, counts = np.concatenate([sums, sums + value]), np.concatenate([counts, counts + 1])
    return np.asarray(sums[1:] / counts[1:])


def hierarchical_means(resampled: Float64s, rng: np.random.Generator, n_replicates: int) -> Float64s:
    """Mean difference of subjects drawn anew, each with flashes drawn anew: shape (n_replicates,).

    Parameters
    ----------
    resampled : ndarray, shape (n_subjects, n_resamples)
        Of each subject on its own flashes drawn anew, see :func:`p300.rollout.difference.resampled_differences`.
    """
    n_subjects, n_resamples = resampled.shape
    step = max(1, _DRAWN_AT_ONCE // n_subjects)
    means = []
    for start in range(0, n_replicates, step):
        shape = (min(step, n_replicates - start), n_subjects)
        drawn = resampled[rng.integers(0, n_subjects, shape), rng.integers(0, n_resamples, shape)]
        means.append(drawn.mean(axis=1))
    return np.concatenate(means)


def bootstrap_interval(means: Float64s, n_subjects: int, error: float) -> Interval:
    """Percentiles, further out than `error` by as much as the bootstrap of n subjects is too narrow."""
    expanded = -math.sqrt(n_subjects / (n_subjects - 1)) * student_t.ppf(1 - error, n_subjects - 1)
    level = NormalDist().cdf(float(expanded))
    low, high = np.quantile(means, (level, 1 - level))
    return Interval(float(low), float(high), error)


def fewest_subjects(error: float) -> int:
    """With how many people a bound can be that sure at all."""
    return math.ceil(-math.log2(error))


def further_subjects(differences: Float64s, minimum_effect: float, error: float) -> int | None:
    """About how many more people like these would settle it, with a power of .8; None if nobody can say.

    Settled is that the difference is above zero, or that it is below the minimum effect: whichever takes
    fewer people. By the normal approximation.
    """
    n_subjects = len(differences)
    missing = max(0, fewest_subjects(error) - n_subjects)
    if n_subjects < 2:
        return missing or None
    middle, spread = float(differences.mean()), float(differences.std(ddof=1))
    distance = max(middle, minimum_effect - middle)
    if distance <= 0:
        return None
    normal = NormalDist()
    needed = ((normal.inv_cdf(1 - error) + normal.inv_cdf(POWER)) * spread / distance) ** 2
    return max(1, missing, math.ceil(needed) - n_subjects)
