"""Validate: everything about an environment that can be found out without starting it."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from p300.errors import InvalidInput, P300Error
from p300.stack.checks import check_ports, check_secrets
from p300.stack.environment import Environment
from p300.stack.trials import try_compose, try_dags, try_nginx, try_settings

CHECKS: Mapping[str, Callable[[Environment], Iterable[str]]] = {
    "secrets": check_secrets,
    "ports": check_ports,
    "compose": try_compose,
    "settings": try_settings,
    "nginx": try_nginx,
    "dags": try_dags,
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """What is wrong, in a sentence, and which check found it."""

    check: str
    sentence: str


def validate(
    environment: Environment,
    only: Sequence[str] = (),
    *,
    on_check: Callable[[str], None] = lambda _check: None,
) -> list[Finding]:
    """Make the checks and give everything that they find; a check that cannot be made is a finding.

    Parameters
    ----------
    only : sequence of str
        Names among `CHECKS`; without any, all.
    on_check : callable
        Told the name of each check that is done.

    Raises
    ------
    InvalidInput
        There is no check of that name.
    """
    unknown = sorted(set(only) - set(CHECKS))
    if unknown:
        raise InvalidInput(f"there is no check {', '.join(unknown)}: expected {', '.join(CHECKS)}")
    findings = []
    for name in only or CHECKS:
        findings += [Finding(name, sentence) for sentence in _sentences(name, environment)]
        on_check(name)
    return findings


def _sentences(name: str, environment: Environment) -> Sequence[str]:
    try:
        return list(CHECKS[name](environment))
    except P300Error as error:
        logger.debug("check %s could not be made", name, exc_info=True)
        return [f"could not be checked: {error}"]
