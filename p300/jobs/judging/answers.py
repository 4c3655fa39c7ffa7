"""What a version answered on subjects it had not seen, read back from its simulations, and what follows from it."""

import numpy as np

from p300.domain import SubjectId
from p300.errors import NotFound, Refused
from p300.model.answers import Answers, SubjectAnswers
from p300.registry import ModelVersion, Registry
from p300.rollout.verdict import Verdict, compare, is_comparable


def answers_of(registry: Registry, version: ModelVersion) -> Answers:
    """The newest answers of a version on each subject that it was not trained on.

    A version that was never simulated has none.
    """
    trained_on = registry.training_subjects(version)
    newest: dict[SubjectId, SubjectAnswers] = {}
    for simulation in registry.simulations(version):
        try:
            answers = registry.answers(simulation)
        except NotFound:
            continue
        newest = {**answers, **newest}
    return Answers(newest).of(sorted(newest.keys() - set(trained_on)))


def compare_versions(registry: Registry, champion: ModelVersion, challenger: ModelVersion) -> Verdict:
    """Which of two versions is better, on the subjects that both have answered and neither was trained on.

    Raises
    ------
    Refused
        There is no such subject.
    """
    ours, theirs = comparable(answers_of(registry, champion), answers_of(registry, challenger))
    if not ours:
        raise Refused(
            f"versions {champion.version} and {challenger.version} have answered no subject in common that neither was "
            "trained on, and of whom there are enough flashes of both kinds: simulate both on such subjects first"
        )
    return compare(ours, theirs)


def comparable(champion: Answers, challenger: Answers) -> tuple[Answers, Answers]:
    """Those on subjects that both have answered, about the same flashes, with enough of each kind."""
    shared = [
        subject
        for subject, answers in champion.items()
        if subject in challenger
        and np.array_equal(answers.targets, challenger[subject].targets)
        and is_comparable(answers)
    ]
    return champion.of(shared), challenger.of(shared)
