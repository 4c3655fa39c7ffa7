"""The mark of a restore that is under way: it lies in the store, so a killed one is known by it and can go on."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from p300.errors import NotFound, P300Error, Refused
from p300.store.layout import ARTIFACTS
from p300.store.objects import ObjectStore

KEY = ".restore-under-way.json"


@dataclass(frozen=True)
class RestoreMark:
    """Which backup is brought back, and which services were stopped for it, by database."""

    backup_id: str
    folder: str
    stopped: Mapping[str, tuple[str, ...]]


def read_mark(store: ObjectStore) -> RestoreMark | None:
    """The mark of a restore that did not come to its end; None where there is none."""
    try:
        content = json.loads(store.get(ARTIFACTS, KEY))
    except NotFound:
        return None
    try:
        stopped = {database: tuple(services) for database, services in content["stopped"].items()}
        return RestoreMark(content["backup_id"], content["folder"], stopped)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise P300Error(f"{KEY} in {ARTIFACTS} of {store.url} is damaged ({error}): empty that store") from error


def write_mark(store: ObjectStore, mark: RestoreMark) -> None:
    store.make_bucket(ARTIFACTS)
    store.put(ARTIFACTS, KEY, json.dumps(asdict(mark)).encode())


def remove_mark(store: ObjectStore) -> None:
    store.delete(ARTIFACTS, KEY)


def require_no_restore(store: ObjectStore) -> None:
    """Raise Refused where a restore is under way, or was interrupted."""
    mark = read_mark(store)
    if mark is not None:
        raise Refused(
            f"the restore of {mark.folder} is under way here, or was interrupted: let it end, or run it again, first"
        )


def without_mark(keys: Iterable[str]) -> list[str]:
    return [key for key in keys if key != KEY]
