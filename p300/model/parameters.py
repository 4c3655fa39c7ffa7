"""What the parameters of candidates can be."""

from typing import Any

from p300.errors import InvalidInput


def require_shrinkage(name: str, value: Any) -> None:
    """Raise InvalidInput unless it is "auto" or a number from 0 to 1."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value != "auto" and not (is_number and 0 <= value <= 1):
        raise InvalidInput(f"{name} is {value!r}, expected 'auto' or a number from 0 to 1")


def require_count(name: str, value: Any) -> None:
    """Raise InvalidInput unless it is a whole number from 1."""
    if type(value) is not int or value < 1:
        raise InvalidInput(f"{name} is {value!r}, expected a whole number from 1")


def require_bool(name: str, value: Any) -> None:
    """Raise InvalidInput unless it is True or False."""
    if not isinstance(value, bool):
        raise InvalidInput(f"{name} is {value!r}, expected True or False")
