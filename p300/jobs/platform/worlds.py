"""What a backup is made of and goes into: the stack of an environment, or the embedded world."""

from collections.abc import Sequence
from dataclasses import dataclass

from p300.errors import InvalidInput, Refused, Unavailable
from p300.registry.database import is_embedded
from p300.registry.snapshots import DatabaseFile
from p300.stack.databases import Database, airflow_database, mlflow_database
from p300.stack.environment import Environment
from p300.stack.reach import root_store
from p300.store.embedded import EmbeddedStore
from p300.store.objects import ObjectStore

EMBEDDED = "embedded"


@dataclass(frozen=True)
class World:
    """A store with every bucket, and the databases beside it; `to_empty` says how to begin anew there."""

    name: str
    store: ObjectStore
    databases: Sequence[Database]
    to_empty: str


def embedded_world(store_url: str, tracking_uri: str) -> World:
    """The embedded world of these settings.

    Raises
    ------
    InvalidInput
        They name servers.
    """
    if "://" in store_url or not is_embedded(tracking_uri):
        raise InvalidInput(
            f"P300_STORE_URL and MLFLOW_TRACKING_URI are {store_url!r} and {tracking_uri!r}, which is not the embedded "
            "world: say which stack is meant, such as --env dev"
        )
    database = DatabaseFile(tracking_uri)
    to_empty = f"choose others with P300_STORE_URL and MLFLOW_TRACKING_URI, or remove {store_url}, {database.path} and "
    return World(
        EMBEDDED,
        EmbeddedStore(store_url, database.artifacts),
        [database],
        f"{to_empty}{database.artifacts}",
    )


def stack_world(environment: Environment, *, with_airflow: bool) -> World:
    """The running stack of an environment.

    Raises
    ------
    Unavailable
        A database of it does not run.
    """
    databases = [mlflow_database(environment)]
    databases[0].require_running()
    if with_airflow:
        airflow = airflow_database(environment)
        try:
            airflow.require_running()
        except Unavailable as error:
            raise Unavailable(f"{error}, or leave Airflow's runs out with --without_airflow") from error
        databases.append(airflow)
    make = f"ENV={environment.name}"
    return World(environment.name, root_store(environment), databases, f"make down {make} VOLUMES=1 and make up {make}")


def require_something(world: World) -> None:
    """Raise Refused where there is nothing to save: the place is another one, most likely."""
    if not any(world.store.list(bucket) for bucket in world.store.buckets()) and not any(
        n_rows for database in world.databases for n_rows in database.n_rows().values()
    ):
        raise Refused(f"nothing is stored in {world.store.url}, and nothing was trained: there is nothing to save")
