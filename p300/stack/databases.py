"""The databases of a stack, spoken to with PostgreSQL's own programs in its own container."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from p300.errors import Unavailable
from p300.stack.compose import AIRFLOW, MAIN, Compose
from p300.stack.environment import Environment

# The image knows its own user and database, and trusts who is inside the container.
_WHO = '--username="$POSTGRES_USER"'
_DUMP = f'pg_dump --format=custom {_WHO} "$POSTGRES_DB"'
_RESTORE = (
    f'dropdb --if-exists --force {_WHO} "$POSTGRES_DB" && createdb {_WHO} "$POSTGRES_DB" '
    f'&& pg_restore --exit-on-error --single-transaction --no-owner {_WHO} --dbname="$POSTGRES_DB"'
)


class Database(Protocol):
    """What a backup needs of a database."""

    @property
    def name(self) -> str: ...

    @property
    def suffix(self) -> str:
        """Of the files that it is dumped to: only a database of the same kind reads them."""

    @property
    def exists(self) -> bool: ...

    def dump(self, file: Path) -> None:
        """Write everything in it to a file."""

    def restore(self, file: Path) -> None:
        """Replace everything in it by what was dumped."""

    def n_rows(self) -> dict[str, int]:
        """How much is in use, by table."""

    def users(self) -> list[str]:
        """Services that use it now, and must not while it is replaced."""

    def paused(self, users: list[str]) -> AbstractContextManager[None]:
        """Keep these services away, and start them again in the end: those that were stopped before, too."""


@dataclass(frozen=True)
class StackDatabase:
    """A PostgreSQL service of a compose file.

    Attributes
    ----------
    tables : tuple of str
        A row in one of these means that the database is in use.
    """

    name: str
    compose: Compose
    tables: tuple[str, ...]
    suffix = "pgdump"
    exists = True

    @property
    def service(self) -> str:
        return f"postgres-{self.name}"

    def require_running(self) -> None:
        """Raise :class:`p300.errors.Unavailable` if its service does not run."""
        if self.service not in self.compose.running():
            environment = self.compose.environment.name
            raise Unavailable(f"{self.service} of {environment} does not run: make up ENV={environment}")

    def dump(self, file: Path) -> None:
        with file.open("wb") as target:
            self.compose.execute(self.service, _DUMP, stdout=target)

    def restore(self, file: Path) -> None:
        with file.open("rb") as source:
            self.compose.execute(self.service, _RESTORE, stdin=source)

    def n_rows(self) -> dict[str, int]:
        return {table: self._count(table) for table in self.tables}

    def users(self) -> list[str]:
        # Airflow's file holds nothing but Airflow; of the main one MLflow alone speaks to its database.
        running = self.compose.running()
        return [service for service in running if service.startswith(f"{self.name}-")]

    @contextmanager
    def paused(self, users: list[str]) -> Iterator[None]:
        with self.compose.stopped(users):
            yield

    def _count(self, table: str) -> int:
        query = f"SELECT count(*) FROM {table}"  # noqa: S608  (a name of ours)
        return int(
            self.compose.execute(self.service, f'psql {_WHO} --dbname="$POSTGRES_DB" --tuples-only -c "{query}"')
        )


def mlflow_database(environment: Environment) -> StackDatabase:
    return StackDatabase("mlflow", Compose(environment, (MAIN,)), ("runs", "registered_models"))


def airflow_database(environment: Environment) -> StackDatabase:
    return StackDatabase("airflow", Compose(environment, (AIRFLOW,)), ("dag_run",))
