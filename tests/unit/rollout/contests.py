"""Two versions' answers about people who never were: how good both are, and how much people differ, is known."""

import numpy as np
from numpy.typing import NDArray

from p300.domain import SubjectId
from p300.model.answers import Answers, Flashes, SubjectAnswers

Scores = dict[SubjectId, NDArray[np.float64]]
Flags = dict[SubjectId, NDArray[np.bool_]]


def scored(
    n_subjects: int, n_epochs: int, champion_gain: float, challenger_gain: float
) -> tuple[Scores, Scores, Flags]:
    """Scores of two versions that share most of their noise, as two classifiers of the same epochs do."""
    rng = np.random.default_rng(11)
    champion, challenger, targets = {}, {}, {}
    for subject in map(SubjectId, range(1, n_subjects + 1)):
        target = rng.random(n_epochs) < 1 / 6
        shared = rng.standard_normal(n_epochs)
        for scores, gain in ((champion, champion_gain), (challenger, challenger_gain)):
            noisy = gain * target + shared + 0.4 * rng.standard_normal(n_epochs)
            scores[subject] = np.round(1 / (1 + np.exp(-noisy)), 2)  # rounded: ties must count one half
        targets[subject] = target
    return champion, challenger, targets


def answers(scores: Scores, targets: Flags) -> Answers:
    return Answers({subject: SubjectAnswers(Flashes(targets[subject]), each) for subject, each in scores.items()})


def contest(n_subjects: int, n_epochs: int, champion_gain: float, challenger_gain: float) -> tuple[Answers, Answers]:
    """The answers of :func:`scored`, champion first."""
    champion, challenger, targets = scored(n_subjects, n_epochs, champion_gain, challenger_gain)
    return answers(champion, targets), answers(challenger, targets)


def people(
    rng: np.random.Generator, n_subjects: int, n_epochs: int, *, gain: float, spread: float
) -> tuple[Answers, Answers]:
    """Answers about people for whom the challenger is better by `gain` on average, and by more or less for each.

    Both are in standard deviations of the noise; .05 of it are about .01 AUC here.
    """
    n_targets = n_epochs // 6
    target = np.arange(n_epochs) < n_targets
    ours, theirs = {}, {}
    for subject in map(SubjectId, range(1, n_subjects + 1)):
        ability = 1.3 + 0.4 * rng.standard_normal()
        shared = rng.standard_normal(n_epochs)
        for scores, own in ((ours, ability), (theirs, ability + gain + spread * rng.standard_normal())):
            noise = 0.9 * shared + np.sqrt(1 - 0.9**2) * rng.standard_normal(n_epochs)
            log_odds = own * (target * own + noise - own / 2) - np.log(5)
            scores[subject] = 1 / (1 + np.exp(-log_odds))
    targets = dict.fromkeys(ours, target)
    return answers(ours, targets), answers(theirs, targets)
