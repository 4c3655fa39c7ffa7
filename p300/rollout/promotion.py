"""Promotion and rollback: which version is champion, moved so that a kill at any moment does no harm.

Each is one or two moves of an alias, and MLflow makes a move whole. Between any two of them the
champion is a whole version, either the old or the new one, and the same command finishes the job:

- ``promote``: `previous-champion` goes to the champion's version, then `champion` to the
  challenger's. `challenger` stays where it is until the next training moves it, so nobody who asks
  the challenger is refused because of a promotion, and a version that was rolled back can be
  promoted again.
- ``rollback``: `champion` goes to the previous champion's version, then `previous-champion` is
  taken away. It goes one step back, and a second rollback is refused: it cannot bring back what the
  first took away.

Killed half-way, both leave `champion` and `previous-champion` on the old champion. From there
``promote`` goes on to the challenger, and ``rollback`` stays with the old champion.
"""

from dataclasses import dataclass

from p300.domain import CHALLENGER, CHAMPION, PREVIOUS_CHAMPION
from p300.errors import Refused
from p300.registry import Registry


@dataclass(frozen=True)
class Move:
    """The champion's version before, where there was one, and after; the same where nothing had to move."""

    before: int | None
    after: int


def promote(registry: Registry) -> Move:
    """Make the challenger the champion; where it is already, as after a kill, nothing is left to do.

    Raises
    ------
    Refused
        There is no challenger.
    Unavailable
        MLflow does not answer; run the same command again.
    """
    challenger = registry.version_under(CHALLENGER)
    if challenger is None:
        raise Refused(f"nothing to promote: no version is {CHALLENGER}; train one and give it that alias first")
    champion = registry.version_under(CHAMPION)
    if champion is not None:
        if champion.version == challenger.version:
            return Move(before=champion.version, after=champion.version)
        registry.set_alias(PREVIOUS_CHAMPION, champion.version)
    registry.set_alias(CHAMPION, challenger.version)
    return Move(before=None if champion is None else champion.version, after=challenger.version)


def rollback(registry: Registry) -> Move:
    """Make the previous champion the champion again.

    Raises
    ------
    Refused
        There is no previous champion.
    Unavailable
        MLflow does not answer; run the same command again.
    """
    previous = registry.version_under(PREVIOUS_CHAMPION)
    if previous is None:
        raise Refused(f"nothing to roll back to: no version is {PREVIOUS_CHAMPION}; a promotion leaves one")
    champion = registry.version_under(CHAMPION)
    if champion is None or champion.version != previous.version:
        registry.set_alias(CHAMPION, previous.version)
    registry.delete_alias(PREVIOUS_CHAMPION)
    return Move(before=None if champion is None else champion.version, after=previous.version)
