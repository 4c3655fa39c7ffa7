"""What a protocol is: two functions, bytes to a query and an answer to bytes, and the address it is spoken at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from p300.errors import InvalidInput
from p300.serving.service import Answer, Expected, Query, Service

SomeQuery = TypeVar("SomeQuery", bound=Query)

Headers = Mapping[bytes, bytes]

JSON_CONTENT = ((b"content-type", b"application/json"),)


class Malformed(InvalidInput):
    """The body cannot even be read."""


@dataclass(slots=True)
class Request:
    """What came. Header names are in lower case; the body comes last, after it is chosen who is to answer."""

    path: str
    headers: Headers
    request_id: str
    body: bytes = b""


class Response(NamedTuple):
    """What goes back."""

    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = JSON_CONTENT


class Documentation(NamedTuple):
    """How a protocol is told in ``/docs``; `verb` and the alias name an operation."""

    tag: str
    verb: str
    description: str
    request: type[BaseModel]
    response: type[BaseModel]


@dataclass(frozen=True)
class Protocol(Generic[SomeQuery]):
    """One way to ask the service.

    Attributes
    ----------
    name : str
        What metrics call it.
    path : callable
        Address of an alias.
    decode : callable
        Reads a request into a query that holds what is expected, or raises `InvalidInput` naming the field, what came
        and what was expected.
    encode : callable
        Writes the answer to a query.
    """

    name: str
    path: Callable[[str], str]
    decode: Callable[[Request, Expected], SomeQuery]
    encode: Callable[[SomeQuery, Answer], Response]
    documentation: Documentation | None = None

    async def respond(self, service: Service, alias: str, request: Request) -> tuple[Response, int]:
        """The response to a request, and how many epochs it answers. Raises what decoding and the service raise."""
        query = self.decode(request, service.expected(alias))
        answer = await service.answer(query)
        return self.encode(query, answer), len(answer.probabilities)
