"""Where MLflow is: a database file of our own, or a server; and what its errors mean."""

import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from p300.errors import InvalidInput, NotFound, P300Error, Unavailable

SQLITE_PREFIX = "sqlite:///"
ARTIFACTS_FOLDER = "mlartifacts"

_MEANINGS: dict[str, type[P300Error]] = {
    "RESOURCE_DOES_NOT_EXIST": NotFound,
    "NOT_FOUND": NotFound,
    "INVALID_PARAMETER_VALUE": InvalidInput,
    "RESOURCE_ALREADY_EXISTS": P300Error,
    "INVALID_STATE": P300Error,
    "PERMISSION_DENIED": P300Error,
}
_LONGEST_REASON = 300
_MIGRATIONS = threading.Lock()  # they keep their state in globals of alembic


class Connection:
    """A client of one MLflow, and where its artifacts go.

    Parameters
    ----------
    tracking_uri : str
        ``sqlite:///`` and a file, which is made with its folder if absent, or an ``http(s)://``
        server.

    Raises
    ------
    InvalidInput
        An address of another kind.
    Unavailable
        The file cannot be opened or made.
    """

    def __init__(self, tracking_uri: str) -> None:
        self._artifacts: Path | None = None
        self.uri = tracking_uri
        if tracking_uri.startswith(SQLITE_PREFIX) and tracking_uri != SQLITE_PREFIX:
            database = Path(tracking_uri.removeprefix(SQLITE_PREFIX)).expanduser().resolve()
            # Absolute, because MLflow keeps what it opened by its address, wherever we were then.
            self.uri = f"{SQLITE_PREFIX}{database}"
            self._artifacts = database.parent / ARTIFACTS_FOLDER
            _open_database(database)
        elif not tracking_uri.startswith(("http://", "https://")):
            raise InvalidInput(
                f"MLFLOW_TRACKING_URI is {tracking_uri!r}: expected a file such as sqlite:///.p300/mlflow.db, "
                "or a server such as http://localhost:5001"
            )
        _keep_to_the_proxy()
        with self.speaking():
            self.client = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def experiment(self, name: str) -> str:
        """Id of an experiment, which is made if absent.

        In the embedded world its artifacts lie beside the database; a server decides for itself.
        """
        found = self.client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = None if self._artifacts is None else (self._artifacts / name).as_uri()
        try:
            return str(self.client.create_experiment(name, artifact_location=location))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            return self.experiment(name)

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Turn MLflow's errors into ours.

        Raises
        ------
        NotFound, InvalidInput, P300Error
            MLflow answered that it cannot.
        Unavailable
            It did not answer, or has a fault.
        """
        try:
            yield
        except MlflowException as error:
            meaning = _MEANINGS.get(error.error_code, Unavailable)
            raise meaning(self._sentence(error)) from error
        except FileNotFoundError as error:
            raise NotFound(f"an artifact is missing: there is no {error.filename}") from error
        except (requests.RequestException, OSError) as error:
            raise Unavailable(self._sentence(error)) from error

    def _sentence(self, error: Exception) -> str:
        cause = error.__context__ if isinstance(error, MlflowException) else error
        if isinstance(cause, requests.ConnectionError | requests.Timeout):
            reason = str(cause).rpartition(": ")[2].strip("'\")")
            return f"MLflow at {self.uri} does not answer ({reason}): start it, or set MLFLOW_TRACKING_URI"
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return f"MLflow at {self.uri}: {reason[:_LONGEST_REASON]}"


def _keep_to_the_proxy() -> None:
    """Let artifacts come through MLflow's server, where the environment does not say otherwise.

    MLflow 3.17 would rather send its clients to the S3 server itself, at an address that is known only
    inside the platform's network.
    """
    for direct in ("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"):
        os.environ.setdefault(direct, "false")


def _open_database(database: Path) -> None:
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with _MIGRATIONS:
            if not database.exists():
                _make_database(database)
        # MLflow itself would try a file that is no database ten times, for minutes.
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master")
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"{database} cannot be opened as MLflow's database: {error}") from error


def _make_database(database: Path) -> None:
    """Make an empty MLflow database, which appears under its name only when it is whole.

    MLflow's 60 migrations run in memory: on disk they sync hundreds of times (5.7 s against 0.7 s
    here), and a kill or a second process in between would find half of the tables.
    """
    import sqlalchemy  # noqa: PLC0415  (absent where MLflow is only a client of a server)
    from mlflow.store.db.utils import _initialize_tables  # noqa: PLC0415

    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".unfinished-") as folder:
        draft = Path(folder) / database.name
        _initialize_tables(engine)  # type: ignore[no-untyped-call]
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(draft),))
        engine.dispose()
        with suppress(FileExistsError):  # another process was first: its database is as good
            os.link(draft, database)
