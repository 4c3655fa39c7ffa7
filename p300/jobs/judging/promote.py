"""Promote and rollback, as `p300 promote` and `p300 rollback` do them."""

import logging

from p300.registry import Registry
from p300.rollout import promotion
from p300.rollout.promotion import Move

logger = logging.getLogger(__name__)


def promote(registry: Registry) -> Move:
    """Make the challenger the champion; see :func:`p300.rollout.promotion.promote`, raises as it does."""
    move = promotion.promote(registry)
    if move.before == move.after:
        logger.info("version %d is challenger and champion already: nothing to promote", move.after)
    else:
        logger.info("version %d is champion, before it was %s", move.after, _version(move.before))
    return move


def rollback(registry: Registry) -> Move:
    """Make the previous champion the champion again; see :func:`p300.rollout.promotion.rollback`."""
    move = promotion.rollback(registry)
    logger.info("version %d is champion again, before it was %s", move.after, _version(move.before))
    return move


def _version(version: int | None) -> str:
    return "none" if version is None else f"version {version}"
