"""Names of channels."""

from collections.abc import Iterable


def writable_names(names: Iterable[object]) -> tuple[str, ...]:
    """Names that a file or a figure can show: half of a surrogate pair becomes the replacement character."""
    return tuple(str(name).encode("utf-16", "surrogatepass").decode("utf-16", "replace") for name in names)
