"""Restore: a backup into a world in which nothing is yet. One that was killed goes on when it is run again."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from p300.errors import NotFound, P300Error, Refused
from p300.jobs.platform.archive import Manifest, StoredDump, StoredObject, backup_id, objects_of, open_backup
from p300.jobs.platform.restore_mark import RestoreMark, read_mark, remove_mark, without_mark, write_mark
from p300.jobs.platform.worlds import World
from p300.stack.databases import Database
from p300.store.digest import put_verified, stored_sha256
from p300.store.objects import ObjectStore

logger = logging.getLogger(__name__)

Dumps = list[tuple[Database, StoredDump]]


def restore(
    folder: Path,
    world: World,
    *,
    on_object: Callable[[str], None] = lambda _key: None,
) -> Manifest:
    """Bring a backup into an empty world; the services that use its databases pause meanwhile.

    Before the first change a mark is left in the store, and taken away after the last. Where it is
    found, that restore is finished: what is there already of the same backup is kept.

    Parameters
    ----------
    world : World
        Databases of it that the backup does not hold stay as they are.
    on_object : callable
        Told the key of each object that is restored.

    Raises
    ------
    InvalidInput
        The backup is damaged; nothing was changed.
    Refused
        The world is not empty, or lacks a database of the backup, or another backup is half-way in it; nothing was
        changed.
    P300Error
        It went wrong half-way, and the world holds a part.
    """
    manifest = open_backup(folder)
    dumps = _pairs(manifest, world)
    interrupted = read_mark(world.store)
    identity = backup_id(folder)
    if interrupted is not None and interrupted.backup_id != identity:
        raise Refused(
            f"the restore of another backup, {interrupted.folder}, was interrupted here: run that one again, or empty "
            f"the place first: {world.to_empty}"
        )
    _require_room(world, manifest, dumps, again=interrupted is not None)
    users = {database.name: _users(database, interrupted) for database, _ in dumps}
    try:
        write_mark(
            world.store,
            RestoreMark(identity, str(folder), {name: tuple(services) for name, services in users.items()}),
        )
        with ExitStack() as paused:
            for database, _ in dumps:
                paused.enter_context(database.paused(users[database.name]))
            _restore_buckets(manifest, objects_of(folder), world.store, on_object)
            for database, dump in dumps:
                database.restore(folder / dump.file)
            remove_mark(world.store)
    except (P300Error, OSError) as error:
        raise P300Error(
            f"the restore did not come to its end ({error}): run the same command again, and it goes on; "
            f"or begin anew: {world.to_empty}"
        ) from error
    return manifest


def _pairs(manifest: Manifest, world: World) -> Dumps:
    """Each dump with the database that it goes to."""
    known = {database.name: database for database in world.databases}
    missing = [dump.database for dump in manifest.dumps if dump.database not in known]
    if missing:
        raise Refused(f"the backup holds {' and '.join(missing)}, whose database does not run here: start it first")
    foreign = [dump.file for dump in manifest.dumps if dump.suffix != known[dump.database].suffix]
    if foreign:
        raise Refused(
            f"the backup is one of {manifest.environment}, and {world.name} cannot read {' and '.join(foreign)}: "
            "restore it into a place of its own kind"
        )
    return [(known[dump.database], dump) for dump in manifest.dumps]


def _users(database: Database, interrupted: RestoreMark | None) -> list[str]:
    stopped_before = interrupted.stopped.get(database.name, ()) if interrupted else ()
    return sorted({*database.users(), *stopped_before})


def _require_room(world: World, manifest: Manifest, dumps: Dumps, *, again: bool) -> None:
    expected = {(entry.bucket, entry.key) for entry in manifest.objects} if again else set()
    found = [*_objects_in(world.store, expected), *_rows_in(dumps, again=again)]
    if found:
        raise Refused(
            f"{world.name} is not empty, and nothing was changed: {'; '.join(found)}. "
            f"Restore into a new one, or empty this one: {world.to_empty}"
        )


def _objects_in(store: ObjectStore, expected: set[tuple[str, str]]) -> Iterator[str]:
    for bucket in store.buckets():
        n_objects = sum((bucket, key) not in expected for key in without_mark(store.list(bucket)))
        if n_objects:
            yield f"{bucket} holds {n_objects} objects"


def _rows_in(dumps: Dumps, *, again: bool) -> Iterator[str]:
    for database, dump in dumps:
        try:
            n_rows = database.n_rows()
        except P300Error:
            if not again:
                raise
            continue  # killed when the database was dropped and not yet made again
        if again and n_rows == dump.n_rows:
            continue
        for table, n in n_rows.items():
            if n:
                yield f"the database {database.name} holds {n} {table}"


def _restore_buckets(
    manifest: Manifest, source: ObjectStore, store: ObjectStore, on_object: Callable[[str], None]
) -> None:
    for bucket in manifest.n_objects:
        store.make_bucket(bucket)
    for entry in manifest.objects:
        if not _is_back(store, entry):
            with source.open(entry.bucket, entry.key) as file:
                put_verified(store, entry.bucket, entry.key, file)
        on_object(entry.key)
    logger.info("%d objects are back", len(manifest.objects))


def _is_back(store: ObjectStore, entry: StoredObject) -> bool:
    try:
        return stored_sha256(store, entry.bucket, entry.key) == entry.sha256
    except NotFound:
        return False
