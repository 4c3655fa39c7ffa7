"""What a version answered on subjects it had not seen, kept with the simulation's run and read back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p300.domain import Float32s, SubjectId
from p300.errors import NotFound, Refused
from p300.registry import ModelVersion, Registry
from p300.rollout.verdict import Verdict, compare

ANSWERS_FILE = "answers.json"


@dataclass(frozen=True)
class Answers:
    """P(Target) of each epoch by subject, and where a Target was flashed; arrays of shape (n_epochs,)."""

    probabilities: Mapping[SubjectId, Float32s]
    targets: Mapping[SubjectId, NDArray[np.bool_]]

    def of(self, subjects: Sequence[SubjectId]) -> "Answers":
        """Those on some of the subjects."""
        return Answers(
            {subject: self.probabilities[subject] for subject in subjects},
            {subject: self.targets[subject] for subject in subjects},
        )

    def to_json(self) -> dict[str, object]:
        """Ready for JSON; a float32 in shortest form comes back as it was."""
        return {
            str(subject): {
                "probabilities": [float(str(value)) for value in self.probabilities[subject]],
                "targets": targets.astype(int).tolist(),
            }
            for subject, targets in self.targets.items()
        }

    @classmethod
    def from_json(cls, data: bytes) -> "Answers":
        subjects = {SubjectId(int(name)): fields for name, fields in json.loads(data).items()}
        return cls(
            {subject: np.array(fields["probabilities"], np.float32) for subject, fields in subjects.items()},
            {subject: np.array(fields["targets"], bool) for subject, fields in subjects.items()},
        )


def answers_of(registry: Registry, version: ModelVersion) -> Answers:
    """The newest answers of a version on each subject that it was not trained on.

    A version that was never simulated has none.
    """
    trained_on = registry.training_subjects(version)
    probabilities: dict[SubjectId, Float32s] = {}
    targets: dict[SubjectId, NDArray[np.bool_]] = {}
    for run in registry.simulations(version):
        try:
            answers = Answers.from_json(registry.artifact(run.run_id, ANSWERS_FILE))
        except NotFound:
            continue
        for subject in answers.targets:
            if subject not in trained_on and subject not in targets:
                probabilities[subject] = answers.probabilities[subject]
                targets[subject] = answers.targets[subject]
    return Answers(probabilities, targets).of(sorted(targets))


def compare_versions(registry: Registry, champion: ModelVersion, challenger: ModelVersion) -> Verdict:
    """Which of two versions is better, on the subjects that both have answered and neither was trained on.

    Raises
    ------
    Refused
        There is no such subject.
    """
    ours, theirs = answers_of(registry, champion), answers_of(registry, challenger)
    trained_on = {*registry.training_subjects(champion), *registry.training_subjects(challenger)}
    shared = [
        subject
        for subject, targets in ours.targets.items()
        if subject not in trained_on and np.array_equal(targets, theirs.targets.get(subject, np.zeros(0, bool)))
    ]
    if not shared:
        raise Refused(
            f"versions {champion.version} and {challenger.version} have answered no subject in common that neither was "
            "trained on: simulate both on such subjects first"
        )
    ours, theirs = ours.of(shared), theirs.of(shared)
    return compare(ours.probabilities, theirs.probabilities, ours.targets)
