"""An environment: what stands in its file under ``env/``, what is given beside it, and which of it is secret."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from dotenv import dotenv_values

import p300
from p300.errors import InvalidInput
from p300.stack.public_secrets import DEV, public_among

ENVIRONMENTS = (DEV, "staging", "prod")
CHECKOUT = Path(p300.__file__).resolve().parents[1]

_SECRET = re.compile(r"[A-Z0-9_]+_(?:SECRET|PASSWORD|KEY)")
_GIVEN_ELSEWHERE = re.compile(r"\$\{[A-Z0-9_]+:\?.*\}")
_EVERY_ADDRESS = {"127.0.0.1", "0.0.0.0", "::", "::1"}  # noqa: S104  (compared with, not bound to)


@dataclass(frozen=True)
class Environment:
    """The variables of one environment.

    Attributes
    ----------
    root : Path
        The checkout that its compose files are in.
    committed : mapping of str to str
        What stands in ``env/NAME.env``; a secret outside dev stands there as ``${NAME:?sentence}``.
    uncommitted : mapping of str to str
        What stands in ``env/NAME.secrets.env``, which need not be there.
    values : mapping of str to str
        What holds: the process environment goes before both files, as it does for Docker Compose. A
        variable that is given nowhere is empty.
    """

    name: str
    root: Path
    committed: Mapping[str, str]
    uncommitted: Mapping[str, str]
    values: Mapping[str, str]

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """Names of the variables that hold a secret, which their ending says."""
        return tuple(name for name in self.committed if _SECRET.fullmatch(name))

    @property
    def missing_secrets(self) -> tuple[str, ...]:
        return tuple(name for name in self.secrets if not self.values[name])

    @property
    def public_secrets(self) -> tuple[str, ...]:
        """Secrets that the whole world knows, because they begin like those of dev, and this is not dev."""
        return public_among({name: self.values[name] for name in self.secrets}, self.name)

    @property
    def committed_secrets(self) -> tuple[str, ...]:
        """Secrets whose value stands in the committed file, and this is not dev."""
        if self.name == DEV:
            return ()
        return tuple(name for name in self.secrets if not is_given_elsewhere(self.committed[name]))

    def value(self, name: str) -> str:
        """The value of a variable.

        Raises
        ------
        InvalidInput
            It is given nowhere.
        """
        if not self.values.get(name):
            raise InvalidInput(self.where_to_give(name))
        return self.values[name]

    def where_to_give(self, name: str) -> str:
        return f"{name} is missing: put it in {secrets_file(self.name)} or the environment"

    def url(self, port: str) -> str:
        """Where this machine reaches the service that is published on the port of that name."""
        address = self.value("BIND_ADDRESS")
        return f"http://{'localhost' if address in _EVERY_ADDRESS else address}:{self.value(port)}"

    def with_secrets(self, secrets: Mapping[str, str]) -> "Environment":
        """The same environment, with other values of these secrets."""
        return replace(self, values={**self.values, **secrets})


def load_environment(
    name: str, root: Path = CHECKOUT, process_environment: Mapping[str, str] = os.environ
) -> Environment:
    """Read an environment from the files of a checkout.

    Raises
    ------
    InvalidInput
        There is no such environment, or no checkout here.
    """
    if name not in ENVIRONMENTS:
        raise InvalidInput(f"there is no environment {name!r}: expected one of {', '.join(ENVIRONMENTS)}")
    file = root / committed_file(name)
    if not file.is_file():
        raise InvalidInput(f"{file} is not there: the environments are known in a checkout of p300 only")
    committed = _read(file)
    uncommitted = _read(root / secrets_file(name))
    values = {
        variable: process_environment.get(variable, _of_files(variable, text, uncommitted))
        for variable, text in committed.items()
    }
    # Whichever environment the caller works in, this is the one that was asked for.
    return Environment(name, root, committed, uncommitted, {**values, "P300_ENV": name})


def committed_file(name: str) -> str:
    return f"env/{name}.env"


def secrets_file(name: str) -> str:
    return f"env/{name}.secrets.env"


def is_given_elsewhere(text: str) -> bool:
    """Whether a committed value is ``${NAME:?sentence}``, which Docker Compose refuses until NAME is given."""
    return _GIVEN_ELSEWHERE.fullmatch(text) is not None


def _of_files(variable: str, text: str, uncommitted: Mapping[str, str]) -> str:
    return uncommitted.get(variable, "") if is_given_elsewhere(text) else text


def _read(file: Path) -> dict[str, str]:
    # As they stand: what ``${NAME:?sentence}`` means is for us to say, and other references are not used.
    found = dotenv_values(file, interpolate=False) if file.is_file() else {}
    return {name: value or "" for name, value in found.items()}
