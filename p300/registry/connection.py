"""Where MLflow is: a database file of our own, or a server; and what its errors mean."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from p300.errors import InvalidInput, NotFound, P300Error, Unavailable
from p300.registry.database import Database, is_embedded, is_locked, meaning

_MEANINGS: dict[str, type[P300Error]] = {
    "RESOURCE_DOES_NOT_EXIST": NotFound,
    "NOT_FOUND": NotFound,
    "INVALID_PARAMETER_VALUE": InvalidInput,
    "RESOURCE_ALREADY_EXISTS": P300Error,
    "INVALID_STATE": P300Error,
    "PERMISSION_DENIED": P300Error,
}
_LONGEST_REASON = 300
_LOCKED_S = 20.0  # as long as MLflow lets SQLite wait for one statement


class Connection:
    """A client of one MLflow, and where its artifacts go.

    Parameters
    ----------
    tracking_uri : str
        ``sqlite:///`` and a file, which is made with its folder if absent, or an ``http(s)://``
        server. A file that is replaced is followed; while there is none, everything is Unavailable.

    Raises
    ------
    InvalidInput
        An address of another kind.
    Unavailable
        The file cannot be opened or made.
    """

    def __init__(self, tracking_uri: str) -> None:
        self._database: Database | None = None
        self._faults: tuple[type[Exception], ...] = (requests.RequestException, OSError)
        self.uri = self.client_uri = tracking_uri
        if is_embedded(tracking_uri):
            from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  (absent in clients of a server)

            self._database = Database(tracking_uri)
            self._faults = (*self._faults, SQLAlchemyError)
            self.uri, self.client_uri = self._database.uri, self._database.client_uri
        elif not tracking_uri.startswith(("http://", "https://")):
            raise InvalidInput(
                f"MLFLOW_TRACKING_URI is {tracking_uri!r}: expected a file such as sqlite:///.p300/mlflow.db, "
                "or a server such as http://localhost:5001"
            )
        _keep_to_the_proxy()
        with self.speaking():
            client = MlflowClient(tracking_uri=self.client_uri, registry_uri=self.client_uri)
        self.client: Any = client if self._database is None else _Patient(client)

    def experiment(self, name: str) -> str:
        """Id of an experiment, which is made if absent.

        In the embedded world its artifacts lie beside the database; a server decides for itself.
        """
        found = self.client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = None if self._database is None else (self._database.artifacts / name).as_uri()
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
            code = _MEANINGS.get(error.error_code, Unavailable)
            raise code(self._sentence(error)) from error
        except FileNotFoundError as error:
            raise NotFound(f"an artifact is missing: there is no {error.filename}") from error
        except self._faults as error:
            raise Unavailable(self._sentence(error)) from error

    def _sentence(self, error: Exception) -> str:
        cause = error.__context__ if isinstance(error, MlflowException) else error
        if isinstance(cause, requests.ConnectionError | requests.Timeout):
            reason = str(cause).rpartition(": ")[2].strip("'\")")
            return f"MLflow at {self.uri} does not answer ({reason}): start it, or set MLFLOW_TRACKING_URI"
        if isinstance(cause, OSError) and cause.strerror:
            return f"MLflow at {self.uri}: {cause.filename or 'a file'}: {cause.strerror}"
        if self._database is not None and isinstance(cause, self._faults):
            return f"MLflow's database {self._database.path}: {meaning(cause)}"
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return f"MLflow at {self.uri}: {reason[:_LONGEST_REASON]}"


class _Patient:
    """A client that asks again where SQLite refused at once, as two writers were in each other's way."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client
        self._retrying = Retrying(
            retry=retry_if_exception(lambda error: is_locked(error.__context__)),
            stop=stop_after_delay(_LOCKED_S),
            wait=wait_random_exponential(multiplier=0.05, max=1.0),
            reraise=True,
        )

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        return lambda *args, **kwargs: self._retrying.copy()(call, *args, **kwargs)


def _keep_to_the_proxy() -> None:
    """Let artifacts come through MLflow's server, where the environment does not say otherwise.

    MLflow 3.17 would rather send its clients to the S3 server itself, at an address that is known only
    inside the platform's network.
    """
    for direct in ("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"):
        os.environ.setdefault(direct, "false")
