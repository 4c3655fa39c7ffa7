"""Restore: a backup into a stack in which nothing is yet."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from p300.errors import P300Error, Refused
from p300.jobs.platform.archive import Manifest, objects_of, open_backup
from p300.stack.databases import Database
from p300.store.digest import put_verified
from p300.store.objects import ObjectStore

logger = logging.getLogger(__name__)


def restore(
    folder: Path,
    store: ObjectStore,
    databases: Sequence[Database],
    *,
    on_object: Callable[[str], None] = lambda _key: None,
) -> Manifest:
    """Bring a backup into an empty stack; the services that use its databases pause meanwhile.

    Parameters
    ----------
    databases : sequence of Database
        Those of the stack; ones that the backup does not hold stay as they are.
    on_object : callable
        Told the key of each object that is restored.

    Raises
    ------
    InvalidInput
        The backup is damaged; nothing was changed.
    Refused
        The stack is not empty, or lacks a database of the backup; nothing was changed.
    P300Error
        It went wrong half-way, and the stack holds a part.
    """
    manifest = open_backup(folder)
    known = {database.name: database for database in databases}
    missing = [dump.database for dump in manifest.dumps if dump.database not in known]
    if missing:
        raise Refused(f"the backup holds {' and '.join(missing)}, whose database does not run here: start it first")
    dumps = [(known[dump.database], folder / dump.file) for dump in manifest.dumps]
    _require_empty(store, [database for database, _ in dumps])
    try:
        with ExitStack() as paused:
            for database, _ in dumps:
                paused.enter_context(database.unused())
            _restore_buckets(manifest, objects_of(folder), store, on_object)
            for database, file in dumps:
                database.restore(file)
    except (P300Error, OSError) as error:
        raise P300Error(
            f"the restore ended half-way ({error}), and the stack holds a part of it: "
            "empty it with make down VOLUMES=1, make up, and restore again"
        ) from error
    return manifest


def _require_empty(store: ObjectStore, databases: Sequence[Database]) -> None:
    found = [*_objects_in(store), *_rows_in(databases)]
    if found:
        raise Refused(
            f"the stack is not empty, and nothing was changed: {'; '.join(found)}. "
            "Restore into a new one, or empty this one with make down VOLUMES=1 and make up"
        )


def _objects_in(store: ObjectStore) -> Iterator[str]:
    for bucket in store.buckets():
        n_objects = len(store.list(bucket))
        if n_objects:
            yield f"{bucket} holds {n_objects} objects"


def _rows_in(databases: Sequence[Database]) -> Iterator[str]:
    for database in databases:
        for table, n_rows in database.n_rows().items():
            if n_rows:
                yield f"the database {database.name} holds {n_rows} {table}"


def _restore_buckets(
    manifest: Manifest, source: ObjectStore, store: ObjectStore, on_object: Callable[[str], None]
) -> None:
    for bucket in manifest.n_objects:
        store.make_bucket(bucket)
    for entry in manifest.objects:
        with source.open(entry.bucket, entry.key) as file:
            put_verified(store, entry.bucket, entry.key, file)
        on_object(entry.key)
    logger.info("%d objects are back", len(manifest.objects))
