"""Every refusal in one shape: ``{"error": "...", "request_id": "..."}``, whatever part of the service refuses."""

import orjson

from p300.errors import InvalidInput, P300Error, Unavailable
from p300.serving.exchange import JSON_CONTENT, Reply

RETRY_AFTER_S = 1


class Malformed(InvalidInput):
    """The body cannot even be read."""

    http_status = 400


class UnknownPath(InvalidInput):
    """Nothing lives at this address."""

    http_status = 404

    def __init__(self, path: str) -> None:
        super().__init__(f"there is nothing at {path}: /docs lists what there is")


class MethodNotAllowed(InvalidInput):
    """The address is right and the method is not."""

    http_status = 405

    def __init__(self, method: str, path: str, allowed: str) -> None:
        super().__init__(f"{path} does not take {method}, expected {allowed}")
        self.allowed = allowed


class NoModel(Unavailable):
    """Nothing answers for an alias."""

    def __init__(self, alias: str, reason: str) -> None:
        super().__init__(f"no model answers for {alias}: {reason}")


class Defect(P300Error):
    """A fault of ours: the sentence for the user, while the traceback goes to the log."""

    def __init__(self) -> None:
        super().__init__("something went wrong on our side; the server's log says what, under this request id")


def refusal(error: P300Error, request_id: str) -> Reply:
    """Word an error for the one who asked."""
    headers: tuple[tuple[bytes, bytes], ...] = JSON_CONTENT
    if isinstance(error, MethodNotAllowed):
        headers += ((b"allow", error.allowed.encode()),)
    elif isinstance(error, Unavailable):
        headers += ((b"retry-after", str(RETRY_AFTER_S).encode()),)
    body = orjson.dumps({"error": str(error), "request_id": request_id})
    return Reply(error.http_status, body, headers)
