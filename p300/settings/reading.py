"""How settings are read from the environment, and what is said of a value that cannot be used."""

from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from p300.errors import InvalidInput

OWN_VARIABLES = SettingsConfigDict(env_prefix="P300_", extra="ignore", frozen=True)

SomeSettings = TypeVar("SomeSettings", bound=BaseSettings)


def read_settings(kind: type[SomeSettings]) -> SomeSettings:
    """Read settings of a kind from the environment.

    Raises
    ------
    InvalidInput
        Naming every variable whose value cannot be used, with the reason.
    """
    try:
        return kind()
    except ValidationError as error:
        raise InvalidInput(f"settings: {'; '.join(refused_values(error))}") from error


def refused_values(error: ValidationError) -> list[str]:
    """A sentence for each variable whose value a settings class refused."""
    return [f"{variable_of(str(entry['loc'][0]))} is {entry['input']!r}: {entry['msg']}" for entry in error.errors()]


def variable_of(field: str) -> str:
    """Name of the environment variable of a field, or of a variable that is named already."""
    return field.upper() if field.isupper() or field == "mlflow_tracking_uri" else f"P300_{field.upper()}"
