"""Compare: whether the challenger is better than the champion, by what both have answered."""

from dataclasses import dataclass

from p300.domain import CHALLENGER, CHAMPION
from p300.errors import Refused
from p300.jobs.judging.answers import answers_of, comparable, version_under
from p300.model.answers import Answers
from p300.registry import ModelVersion, Registry
from p300.rollout import verdict
from p300.rollout.verdict import Verdict


@dataclass(frozen=True)
class Comparison:
    """Two versions, what they answered about the same flashes, champion first, and what was found of them."""

    champion: ModelVersion
    challenger: ModelVersion
    answers: tuple[Answers, Answers]
    verdict: Verdict


def compare(registry: Registry) -> Comparison:
    """Compare the versions under the two aliases.

    Raises
    ------
    NotFound
        No version has one of the aliases.
    Refused
        One version has both, or they have answered no subject in common that neither was trained on.
    """
    champion, challenger = (version_under(registry, alias) for alias in (CHAMPION, CHALLENGER))
    if champion.version == challenger.version:
        raise Refused(f"version {champion.version} is champion and challenger: train another one to compare it with")
    return compare_versions(registry, champion, challenger)


def compare_versions(registry: Registry, champion: ModelVersion, challenger: ModelVersion) -> Comparison:
    """Compare two versions, by the subjects that both have answered and neither was trained on.

    Raises
    ------
    Refused
        There is no such subject.
    """
    answers = comparable(answers_of(registry, champion), answers_of(registry, challenger))
    if not answers[0]:
        raise Refused(
            f"versions {champion.version} and {challenger.version} have answered no subject in common that neither was "
            "trained on, and of whom there are enough flashes of both kinds: simulate both on such subjects first"
        )
    return Comparison(champion, challenger, answers, verdict.compare(*answers))
