"""MLflow's database as a file of our own: made whole, followed when it is replaced, at home in its folder."""

import logging
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from p300.errors import Unavailable

SQLITE_PREFIX = "sqlite:///"
ARTIFACTS_FOLDER = "mlartifacts"

# Columns of MLflow's tables that hold an absolute address of artifacts.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
_MEANINGS = {
    "locked": "another process has kept it locked for too long; see what is running, and try again",
    "disk is full": "the disk is full; make room, and try again",
    "disk i/o error": "the disk failed, or is full; look after it, and try again",
    "readonly": "it cannot be written; give yourself the right to write the file and its folder",
    "unable to open": "the file was removed, or may not be read; bring it back, or train anew",
    "no such table": "it holds no tables of MLflow; bring the right file back, or remove it and train anew",
}
_MIGRATIONS = threading.Lock()  # they keep their state in globals of alembic

logger = logging.getLogger(__name__)
# It logs a traceback of every error that it raises as well.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


class Database:
    """An MLflow database in a file, with its artifacts in the folder beside it.

    Parameters
    ----------
    tracking_uri : str
        ``sqlite:///`` and a file, which is made with its folder if absent.

    Raises
    ------
    Unavailable
        The file cannot be opened or made.
    """

    def __init__(self, tracking_uri: str) -> None:
        # Absolute, because MLflow keeps what it opened by its address, wherever we were then.
        self.path = Path(tracking_uri.removeprefix(SQLITE_PREFIX)).expanduser().resolve()
        self.artifacts = self.path.parent / ARTIFACTS_FOLDER
        self.uri = f"{SQLITE_PREFIX}{self.path}"
        # A file that is gone stays gone: SQLite would make an empty one in its place. SQLAlchemy undoes one quote,
        # SQLite the other; with its slashes quoted, MLflow makes no folder named "file:" where we are.
        self.client_uri = f"{SQLITE_PREFIX}file:{quote(quote(str(self.path), safe=''))}?mode=rw&uri=true"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _MIGRATIONS:
                if not self.path.exists():
                    _make(self.path)
            # MLflow itself would try a file that is no database ten times, for minutes.
            with closing(sqlite3.connect(self.path)) as connection:
                self._bring_home(connection)
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(f"{self.path} cannot be opened as MLflow's database: {meaning(error)}") from error

    def _bring_home(self, connection: sqlite3.Connection) -> None:
        """Let every address of an artifact begin in the folder beside the file, which may have been moved as a whole.

        Where only the file was moved or copied, and the artifacts stayed, what is recorded stays too,
        and new artifacts come beside the file.
        """
        if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'experiments'").fetchone()[0]:
            return
        here = self.artifacts.as_uri()
        for former in _former_homes(connection, here):
            moved = self.artifacts.is_dir()
            tables = _ADDRESSES if moved else _ADDRESSES[:1]
            with connection:
                for table, column in tables:
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608  (names of ours)
                        f"WHERE substr({column}, 1, ?) = ?",
                        (f"{here}/", len(former) + 2, len(former) + 1, f"{former}/"),
                    )
            logger.info("%s was moved: its artifacts are looked for in %s, before in %s", self.path, here, former)


def is_embedded(tracking_uri: str) -> bool:
    """Whether an address is that of a file."""
    return tracking_uri.startswith(SQLITE_PREFIX) and tracking_uri != SQLITE_PREFIX


def is_there(tracking_uri: str) -> bool:
    """Whether there is anything to open at an address; of a server only asking it would tell."""
    return not is_embedded(tracking_uri) or Path(tracking_uri.removeprefix(SQLITE_PREFIX)).expanduser().is_file()


def is_locked(error: BaseException | None) -> bool:
    """Whether a database error says that another process is writing."""
    return error is not None and "database is locked" in str(error)


def meaning(error: BaseException) -> str:
    """What an error of SQLite means to a person."""
    text = str(error)
    found = (sentence for words, sentence in _MEANINGS.items() if words in text.lower())
    return next(found, (text.splitlines() or [type(error).__name__])[0])


def _former_homes(connection: sqlite3.Connection, here: str) -> Iterator[str]:
    """Where our experiments kept their artifacts, if it was not here."""
    names = connection.execute("SELECT name, artifact_location FROM experiments WHERE name LIKE 'p300-%'").fetchall()
    homes = {str(location).removesuffix(f"/{name}") for name, location in names}
    yield from (home for home in homes if home != here and home.endswith(f"/{ARTIFACTS_FOLDER}"))


def _make(path: Path) -> None:
    """Make an empty MLflow database, which appears under its name only when it is whole.

    MLflow's 60 migrations run in memory: on disk they sync hundreds of times (5.7 s against 0.7 s
    here), and a kill or a second process in between would find half of the tables.
    """
    import sqlalchemy  # noqa: PLC0415  (absent where MLflow is only a client of a server)
    from mlflow.store.db.utils import _initialize_tables  # noqa: PLC0415

    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".unfinished-") as folder:
        draft = Path(folder) / path.name
        _initialize_tables(engine)  # type: ignore[no-untyped-call]
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(draft),))
        engine.dispose()
        with suppress(FileExistsError):  # another process was first: its database is as good
            os.link(draft, path)
