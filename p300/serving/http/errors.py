"""Every error in one shape, ``{"error": "...", "request_id": "..."}``, and the HTTP status of each kind."""

from collections.abc import Mapping

import orjson

from p300.errors import InvalidInput, NotFound, P300Error, PayloadTooLarge, Refused, Unavailable
from p300.serving.protocols.protocol import JSON_CONTENT, Malformed, Response

RETRY_AFTER_S = 1


class UnknownPath(NotFound):
    """Nothing lives at this address."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is nothing at {path}: /docs lists what there is")


class MethodNotAllowed(InvalidInput):
    """The address is right and the method is not."""

    def __init__(self, method: str, path: str, allowed: str) -> None:
        super().__init__(f"{path} does not take {method}, expected {allowed}")
        self.allowed = allowed


class HeadersTooLarge(InvalidInput):
    """More headers than one request may have."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the headers have more than {max_bytes} bytes, which is the limit")


class TooSlow(P300Error):
    """The request did not come to its end in time."""


class EncodingNotTaken(InvalidInput):
    """The body is compressed."""

    def __init__(self, encoding: str) -> None:
        super().__init__(f"content-encoding {encoding!r} is not taken: send the body as it is, uncompressed")


class Defect(P300Error):
    """A fault of ours: the sentence for the user, while the traceback goes to the log."""

    def __init__(self) -> None:
        super().__init__("something went wrong on our side; the server's log says what, under this request id")


STATUSES: Mapping[type[P300Error], int] = {
    Malformed: 400,
    NotFound: 404,
    MethodNotAllowed: 405,
    TooSlow: 408,
    Refused: 409,
    PayloadTooLarge: 413,
    EncodingNotTaken: 415,
    InvalidInput: 422,
    HeadersTooLarge: 431,
    P300Error: 500,
    Unavailable: 503,
}


def status_of(error: P300Error) -> int:
    """HTTP status of an error: that of the nearest kind in :data:`STATUSES`."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def error_response(error: P300Error, request_id: str) -> Response:
    """Word an error for the one who asked."""
    headers: tuple[tuple[bytes, bytes], ...] = JSON_CONTENT
    if isinstance(error, MethodNotAllowed):
        headers += ((b"allow", error.allowed.encode()),)
    elif isinstance(error, EncodingNotTaken):
        headers += ((b"accept-encoding", b"identity"),)
    elif isinstance(error, Unavailable):
        headers += ((b"retry-after", str(RETRY_AFTER_S).encode()),)
    return Response(orjson.dumps({"error": str(error), "request_id": request_id}), headers)
