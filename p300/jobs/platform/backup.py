"""Backup: the buckets and databases of a world in use, to a folder that appears only when it is whole."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from p300.errors import NotFound, Refused, Unavailable
from p300.jobs.commit import code_commit
from p300.jobs.platform.archive import (
    Manifest,
    StoredDump,
    StoredObject,
    count_objects,
    dump_file,
    objects_of,
)
from p300.jobs.platform.restore_mark import require_no_restore
from p300.jobs.platform.worlds import World
from p300.stack.databases import Database
from p300.store.digest import put_verified, sha256_of_file
from p300.store.drafts import drafted_folder
from p300.store.layout import BUCKETS
from p300.store.objects import ObjectStore

DRAFT = "unfinished-backup"

logger = logging.getLogger(__name__)


def backup(
    world: World,
    folder: Path,
    *,
    on_object: Callable[[str], None] = lambda _key: None,
) -> Manifest:
    """Save every bucket (current versions of objects only) and database of a world that goes on working.

    Databases are dumped first: a run or version that they name has its artifacts in the store by
    then, so what is restored is never a version without a model. What a backup that was killed left
    beside `folder` is removed.

    Parameters
    ----------
    folder : Path
        Must not be there yet.
    on_object : callable
        Told the key of each object that is saved.

    Raises
    ------
    Refused
        There is something at `folder` already, or a restore is half-way.
    Unavailable, P300Error
        The store or a database does not answer, or the disk does not take or give back what is written.
    """
    if folder.exists():
        raise Refused(f"{folder} is there already: give a folder that is not")
    require_no_restore(world.store)
    try:
        with drafted_folder(folder.parent, DRAFT) as unfinished:
            draft = unfinished / folder.name
            draft.mkdir(mode=0o700)  # a database holds what is nobody else's business
            manifest = _save(world, draft, on_object)
            manifest.write(draft)
            draft.rename(folder)
    except OSError as error:
        raise Unavailable(
            f"the backup could not be written to {folder}: {error.strerror}; nothing is left of it"
        ) from error
    return manifest


def n_objects_of(store: ObjectStore) -> int:
    """How many objects a backup of the store saves, as things stand."""
    return sum(len(_keys(store, bucket)) for bucket in store.buckets())


def _keys(store: ObjectStore, bucket: str) -> list[str]:
    return [key for key in store.list(bucket) if not key.endswith("/")]  # consoles make one to show an empty folder


def _save(world: World, draft: Path, on_object: Callable[[str], None]) -> Manifest:
    made = datetime.now(UTC).isoformat(timespec="seconds")
    dumps = tuple(_dump(database, draft) for database in world.databases if database.exists)
    buckets = _in_order(world.store.buckets())
    objects = [entry for bucket in buckets for entry in _copy(world.store, bucket, objects_of(draft), on_object)]
    return Manifest(world.name, code_commit(), made, count_objects(buckets, objects), tuple(objects), dumps)


def _dump(database: Database, draft: Path) -> StoredDump:
    file = draft / dump_file(database.name, database.suffix)
    n_rows = database.n_rows()
    database.dump(file)
    return StoredDump(database.name, file.stat().st_size, sha256_of_file(file), n_rows, database.suffix)


def _in_order(buckets: Sequence[str]) -> list[str]:
    # A recording that is ingested meanwhile moves from the landing zone to the raw data: in this
    # order it is found in one of them, if not in both.
    return sorted(buckets, key=lambda bucket: (BUCKETS.index(bucket) if bucket in BUCKETS else len(BUCKETS), bucket))


def _copy(
    store: ObjectStore, bucket: str, target: ObjectStore, on_object: Callable[[str], None]
) -> Iterator[StoredObject]:
    target.make_bucket(bucket)
    for key in _keys(store, bucket):
        try:
            with store.open(bucket, key) as file:
                saved = put_verified(target, bucket, key, file)
        except NotFound:
            logger.info("%s left %s while it was saved", key, bucket)
            continue
        yield StoredObject(bucket, key, target.stat(bucket, key).n_bytes, saved)
        on_object(key)
