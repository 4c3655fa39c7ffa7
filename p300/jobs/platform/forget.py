"""Forget: a person's recordings, features and logged samples are removed, and who has learnt from them is named."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from p300.domain import SubjectId, subject_name
from p300.errors import NotFound
from p300.registry import ModelVersion, Registry, forget_cached_examples
from p300.store.erasure import erase_subject
from p300.store.objects import ObjectStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Forgotten:
    """What was removed.

    Attributes
    ----------
    objects : mapping of str to int
        Objects, older versions of them too, by bucket.
    n_answers : int
        Simulations whose answers on the subject were removed.
    n_sums : int
        Training runs from which no incremental training can start any more.
    learnt : tuple of ModelVersion
        Versions that have learnt from the subject, newest first. They stay as they are, but for their
        example epochs: what a person's samples did to the weights is not undone.
    """

    objects: Mapping[str, int]
    n_answers: int
    n_sums: int
    learnt: tuple[ModelVersion, ...]


def forget(subject: SubjectId, store: ObjectStore, registry: Registry | None, *, cache: Path) -> Forgotten:
    """Remove what the platform holds of a subject. Killed at any moment, it can be run again.

    Parameters
    ----------
    registry : Registry or None
        None where there is no MLflow yet.
    cache : Path
        Where a service on this machine keeps versions.

    Raises
    ------
    NotFound
        Nothing is known of the subject.
    Unavailable
        The store or MLflow does not answer.
    """
    learnt: tuple[ModelVersion, ...] = ()
    n_answers = n_sums = 0
    if registry is not None:
        learnt = registry.learnt_from(subject)
        n_answers, n_sums = registry.forget(subject)
    forget_cached_examples(cache, learnt)
    objects = erase_subject(store, subject)
    if not (objects or n_answers or n_sums or learnt):
        raise NotFound(f"nothing is known of {subject_name(subject)}: neither a recording nor a version or an answer")
    logger.info("forgot %s: %d objects, %d answers", subject_name(subject), sum(objects.values()), n_answers)
    return Forgotten(objects, n_answers, n_sums, learnt)
