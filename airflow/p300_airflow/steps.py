"""What Airflow runs itself, because it only moves objects: land, ingest, and what is left to do."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from airflow.sdk.exceptions import AirflowFailException

from p300.domain import subject_name
from p300.errors import InvalidInput, NotFound, Refused
from p300.jobs.recordings import ingest as job
from p300.jobs.recordings.chosen_recipe import chosen_recipe
from p300.jobs.recordings.source import survey
from p300.jobs.recordings.unprocessed import unprocessed_subjects
from p300.settings import RecipeSettings, StoreSettings, read_settings
from p300.store.objects import ObjectStore, open_store

logger = logging.getLogger(__name__)


def rejections() -> list[str]:
    """Keys of the recordings that are set aside already."""
    with _final():
        return job.rejections(_store())


def land(source: str, batch_size: int, *, replace: bool) -> list[str]:
    """Copy the next subjects of a folder to the landing zone; gives their names.

    Raises
    ------
    AirflowFailException
        There is no such folder, or no recording in it; trying again cannot help.
    """
    with _final():
        landed = job.land(Path(source), _store(), batch_size=batch_size, replace=replace)
    arrived = [subject_name(subject) for subject in landed.subjects]
    logger.info("landed: %s", ", ".join(arrived) or "nothing, every recording is in the store already")
    return arrived


def ingest(batch_size: int, *, replace: bool) -> list[str]:
    """Move the landing zone to the raw data; gives the names of the subjects that are raw data now."""
    with _final():
        done = job.ingest(_store(), batch_size=batch_size, replace=replace)
    moved = [subject_name(subject) for subject in done.moved]
    logger.info("raw data now: %s", ", ".join(moved) or "nothing new")
    return moved


def check_rejected(before: Sequence[str], source: str) -> None:
    """Fail if the source holds what is no recording, or more is set aside than there was before; its log names each.

    It asks the folder and the store, and not the tasks that landed and ingested: one that was killed half-way and
    tried again no longer knows what its first attempt found.
    """
    with _final():
        store = _store()
        rejected = {key: job.reason_of(store, key) for key in sorted({*job.rejections(store)} - {*before})}
        problems = survey(Path(source)).problems
    for name, problem in problems.items():
        logger.error("in %s, %s %s", source, name, problem)
    for key, reason in rejected.items():
        logger.error("rejected %s: %s", key, reason)
    if rejected:
        raise AirflowFailException(
            f"{len(rejected)} recordings were rejected and are kept in the landing zone, each with its reason: "
            "mend them in the source folder and run again"
        )
    if problems:
        raise AirflowFailException(
            f"{source} holds what cannot be taken, and the others were: {'; '.join(map(' '.join, problems.items()))}"
        )


def unprocessed() -> list[str]:
    """Names of the raw subjects without current features by the recipe of ``P300_RECIPE``."""
    with _final():
        recipe = chosen_recipe(read_settings(RecipeSettings).recipe)
        subjects = [subject_name(subject) for subject in unprocessed_subjects(_store(), recipe)]
    logger.info("to preprocess: %s", ", ".join(subjects) or "nothing")
    return subjects


def _store() -> ObjectStore:
    return open_store(read_settings(StoreSettings).store_url)


@contextmanager
def _final() -> Iterator[None]:
    """What a person must mend fails at once; only what may pass, such as a store that is away, is tried again."""
    try:
        yield
    except (InvalidInput, NotFound, Refused) as error:
        raise AirflowFailException(str(error)) from error
