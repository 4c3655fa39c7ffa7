"""An example of a new protocol: one epoch a line, its features separated by commas; back comes a probability a line."""

import numpy as np

from p300.errors import InvalidInput
from p300.serving.protocols.protocol import Malformed, Protocol, Request, Response
from p300.serving.service import Answer, Expected, Query


def decode(request: Request, expected: Expected) -> Query:
    try:
        rows = [np.array(line.split(","), dtype=np.float32) for line in request.body.decode().splitlines()]
    except ValueError as error:
        raise Malformed(f"the body is not CSV: {error}") from error
    if not rows or {len(row) for row in rows} != {expected.n_features}:
        raise InvalidInput(f"the lines have {[len(row) for row in rows][:5]} numbers, expected {expected.layout}")
    return Query(expected.alias, np.stack(rows), request.request_id)


def encode(_: Query, answer: Answer) -> Response:
    lines = "".join(f"{probability:.6f}\n" for probability in answer.probabilities)
    return Response(lines.encode(), ((b"content-type", b"text/csv"),))


CSV = Protocol(name="csv", path=lambda alias: f"/csv/{alias}", decode=decode, encode=encode)
