"""What connections may cost: how many there are, how slow they may be, and how much they may hold in memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

LINGER_S = 2.0  # in which a client may read why it was refused
LOWEST_BYTES_PER_S = 16 * 1024
SHARE_EVICTED = 0.01


@dataclass(frozen=True)
class Limits:
    """What one client may cost the others.

    Attributes
    ----------
    max_connections : int
        Most connections; above it, those that have waited longest for their client are closed.
    max_header_bytes, max_body_bytes : int
        Most bytes of the headers and of the body of one request.
    max_pending_bytes : int
        Most bytes of all bodies that are not answered yet; above it, the one that has been coming longest is refused.
    header_s : float
        How long the headers of a request may take, from their first byte.
    body_s : float
        How long a body may take, and a second more for each :data:`LOWEST_BYTES_PER_S` that came.
    idle_s : float
        How long a connection may stay open without a request.
    send_s : float
        How long a client may read nothing of an answer that waits for it.
    """

    max_connections: int
    max_header_bytes: int
    max_body_bytes: int
    max_pending_bytes: int
    header_s: float
    body_s: float
    idle_s: float
    send_s: float


class Guarded(Protocol):
    """A connection as the guard sees it."""

    held_bytes: int
    waiting_since_s: float | None

    def check(self, now_s: float) -> None: ...

    def evict(self) -> None: ...

    def refuse_body(self) -> None: ...


class Guard:
    """Keeps all connections of one server within its limits.

    Parameters
    ----------
    on_closed : callable
        Told the reason whenever a connection is closed that its client did not close.
    """

    def __init__(self, limits: Limits, on_closed: Callable[[str], None]) -> None:
        self.limits = limits
        self.closed = on_closed
        self.pending_bytes = 0
        self._receiving: dict[Guarded, None] = {}

    def make_room(self, connections: Iterable[Guarded]) -> bool:
        """Close those that have waited longest for their client, some at once; False if none waits."""
        waiting = [(since_s, other) for other in connections if (since_s := other.waiting_since_s) is not None]
        waiting.sort(key=lambda pair: pair[0])
        for _, connection in waiting[: max(1, int(len(waiting) * SHARE_EVICTED))]:
            connection.evict()
        return bool(waiting)

    def sweep(self, connections: Iterable[Guarded], now_s: float) -> None:
        """Close all that are late."""
        for connection in list(connections):
            connection.check(now_s)

    def receive(self, connection: Guarded, n_bytes: int) -> None:
        """Note how much of a body has come, and refuse the oldest one where all together are too much."""
        self._receiving.setdefault(connection)
        self.pending_bytes += n_bytes - connection.held_bytes
        connection.held_bytes = n_bytes
        while self.pending_bytes > self.limits.max_pending_bytes and self._receiving:
            next(iter(self._receiving)).refuse_body()

    def received(self, connection: Guarded) -> None:
        """A body is whole; what it holds counts until it is released."""
        if connection.held_bytes:
            self._receiving.pop(connection, None)

    def release(self, connection: Guarded) -> None:
        """Nothing of a body is held any more."""
        if connection.held_bytes:
            self._receiving.pop(connection, None)
            self.pending_bytes -= connection.held_bytes
            connection.held_bytes = 0
