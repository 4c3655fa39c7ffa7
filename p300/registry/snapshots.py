"""MLflow's database file, saved and brought back while others may have it open."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from p300.errors import Unavailable
from p300.registry.database import ARTIFACTS_FOLDER, SQLITE_PREFIX, meaning

BUSY_S = 20.0
_TABLES = ("runs", "registered_models")


class DatabaseFile:
    """What a backup needs of the database of the embedded world.

    SQLite's own backup copies a state that holds, whoever writes meanwhile, and replaces a database whole
    or, after a kill, not at all.
    """

    name = "mlflow"
    suffix = "sqlite"

    def __init__(self, tracking_uri: str, *, busy_s: float = BUSY_S) -> None:
        self._busy_s = busy_s
        self.path = Path(tracking_uri.removeprefix(SQLITE_PREFIX)).expanduser().resolve()
        self.artifacts = self.path.parent / ARTIFACTS_FOLDER

    @property
    def exists(self) -> bool:
        return self.path.is_file()

    def dump(self, file: Path) -> None:
        with (
            self._speaking(f"{self.path} could not be saved"),
            self._opened() as source,
            self._connected(file) as target,
        ):
            self._copy(source, target)

    def restore(self, file: Path) -> None:
        with self._speaking(f"{self.path} could not be written"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._connected(file) as source, self._connected(self.path) as target:
                self._copy(source, target)

    def n_rows(self) -> dict[str, int]:
        if not self.exists:
            return dict.fromkeys(_TABLES, 0)
        with self._speaking(f"{self.path} cannot be read"), self._opened() as database:
            return {table: _count(database, table) for table in _TABLES}

    def users(self) -> list[str]:
        """None that must stop: whoever has the file open sees the new content."""
        return []

    @contextmanager
    def paused(self, users: list[str]) -> Iterator[None]:  # noqa: ARG002
        yield

    def _copy(self, source: sqlite3.Connection, target: sqlite3.Connection) -> None:
        deadline_s = time.monotonic() + self._busy_s

        def give_up(status: int, _remaining: int, _total: int) -> None:
            # Python itself would try for ever.
            if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} and time.monotonic() >= deadline_s:
                raise sqlite3.OperationalError("database is locked")

        source.backup(target, progress=give_up)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=self._busy_s)) as database:
            yield database

    @contextmanager
    def _connected(self, file: Path) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(file, timeout=self._busy_s)) as database:
            yield database

    @contextmanager
    def _speaking(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"{what}: {meaning(error)}") from error


def _count(database: sqlite3.Connection, table: str) -> int:
    # A restore that was killed may have left a file without tables.
    if not database.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]:
        return 0
    n_rows: int = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  (a name of ours)
    return n_rows
