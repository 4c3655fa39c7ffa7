"""What a version answered on subjects it had not seen, read back from its simulations; and which it is."""

import numpy as np

from p300.domain import SubjectId
from p300.errors import NotFound
from p300.model.answers import Answers, SubjectAnswers
from p300.registry import ModelVersion, Registry
from p300.rollout.difference import is_comparable


def version_under(registry: Registry, alias: str) -> ModelVersion:
    """The version that has an alias; raises NotFound where none has."""
    version = registry.version_under(alias)
    if version is None:
        raise NotFound(f"no version has the alias {alias}: train one and give it that alias first")
    return version


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
