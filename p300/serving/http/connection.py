"""One connection: uvicorn's, with limits on what a client may send and on how long it may take.

uvicorn has no limit on headers, nor on the time for which a request may be incomplete. Here the application is called
when the request is whole, and one sweep a second over all connections takes the place of a timer for each request.
"""

from enum import IntEnum
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from p300.errors import P300Error, Unavailable
from p300.serving.http.asgi import RESPOND, message, request_id
from p300.serving.http.errors import HeadersTooLarge, TooSlow, error_response, status_of
from p300.serving.http.guard import LINGER_S, LOWEST_BYTES_PER_S, Guard
from p300.serving.protocols.protocol import Malformed, Response

MAX_PIPELINED = 16
CLOSE = (b"connection", b"close")
SMALL_PART_BYTES = 512


class Phase(IntEnum):
    """What is waited for: a request, the end of its headers, the end of its body, the application, or the end."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    WHOLE = 3
    CLOSING = 4


class Connection(HttpToolsProtocol):
    """Reads one request after another, and closes where its client is too slow or sends too much.

    Attributes
    ----------
    waiting_since_s : float or None
        When it began to wait for its client, on the loop's clock; None while the application works.
    held_bytes : int
        How much of a body the guard has counted.
    """

    def __init__(self, guard: Guard, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.waiting_since_s: float | None = self.loop.time()
        self.held_bytes = 0
        self._guard = guard
        self._limits = guard.limits
        self._phase = Phase.IDLE
        self._header_bytes = 0  # names and values, of the headers that are read
        self._frame_bytes = 0  # of the chunks that brought no part of a body
        self._chunk_bytes = 0
        self._announced_bytes = 0
        self._parts: list[bytes | bytearray] = []
        self._body_bytes = 0
        self._discarding = False  # the application has been called before the body came to its end
        self._ready: tuple[RequestResponseCycle, Any] | None = None
        self._running: RequestResponseCycle | None = None
        self._unread_since_s: float | None = None
        self._fault: P300Error | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) <= self._limits.max_connections:
            return
        others = (other for other in self.connections if isinstance(other, Connection) and other is not self)
        if not self._guard.make_room(others):
            self._close_with(Unavailable("there are too many connections: ask again in a few seconds"), "too many")

    def connection_lost(self, exc: Exception | None) -> None:
        self._guard.release(self)
        self._parts.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._phase == Phase.CLOSING:
            return
        body_bytes = self._body_bytes
        self._chunk_bytes = len(data)
        super().data_received(data)
        if self._phase in (Phase.HEAD, Phase.BODY):
            self._wait_for_the_rest(brought_body=self._body_bytes > body_bytes)

    def _wait_for_the_rest(self, *, brought_body: bool) -> None:
        if self.waiting_since_s is None:
            self.waiting_since_s = self.loop.time()
        if not brought_body and not self._discarding:
            self._frame_bytes += self._chunk_bytes
            if self._frame_bytes > self._limits.max_header_bytes:
                self._close_with(HeadersTooLarge(self._limits.max_header_bytes), "large headers")
        if self._parts:
            self._guard.receive(self, self._body_bytes)

    # What the parser finds

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._phase = Phase.HEAD
        self.waiting_since_s = None
        self._header_bytes = self._announced_bytes = self._body_bytes = 0
        self._frame_bytes = -self._chunk_bytes  # this chunk may have held other requests before
        self._discarding = False

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self._header_bytes += len(name) + len(value)
        if name == b"content-length":
            self._announced_bytes = int(value)
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        if self._phase == Phase.BODY:  # trailers
            self._require_small_headers()

    def on_headers_complete(self) -> None:
        self._require_small_headers()
        if len(self.pipeline) >= MAX_PIPELINED:
            self._stop(Malformed(f"more than {MAX_PIPELINED} requests were sent without waiting for an answer"))
        self._phase = Phase.BODY
        self.waiting_since_s = None
        self.scope["extensions"] = {RESPOND: {"whole": self._respond}}
        super().on_headers_complete()
        if self._announced_bytes > self._limits.max_body_bytes:
            self._call_early()
        elif self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.cycle.waiting_for_100_continue = False

    def on_body(self, body: bytes) -> None:
        if self._discarding:
            return
        self._body_bytes += len(body)
        if len(body) >= SMALL_PART_BYTES or not self._parts:
            self._parts.append(body)
        elif isinstance(self._parts[-1], bytearray):
            self._parts[-1] += body
        else:  # a body in chunks of one byte would take forty times its size
            self._parts.append(bytearray(body))
        if self._body_bytes > self._limits.max_body_bytes:
            self._call_early()

    def on_message_complete(self) -> None:
        self._phase = Phase.WHOLE
        self.waiting_since_s = None
        if self._discarding:
            if self._running is None:
                self._rest()
            return
        self._guard.received(self)
        self.cycle.body = b"".join(self._parts)  # type: ignore[assignment]  # only read from now on
        self._parts.clear()
        self.cycle.more_body = False
        self.cycle.message_event.set()
        self._call()

    # The application: called when a request is whole, or when it is known to be too large

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._ready = (cycle, app)
        if not cycle.more_body or self._discarding:
            self._call()

    def _call_early(self) -> None:
        """Let the application say that the body is too large, and take no notice of the rest."""
        if not self._announced_bytes:
            self.headers.append((b"content-length", b"%d" % self._body_bytes))
        self._parts.clear()
        self._discarding = True
        self._guard.release(self)
        self.cycle.message_event.set()
        self._call()

    def _call(self) -> None:
        if self._ready is not None:
            cycle, app = self._ready
            self._ready = None
            self._running = cycle
            super()._start_asgi_task(cycle, app)

    def _respond(self, status: int, response: Response, request_id: str) -> bool:
        """Write a response in one piece; False where it must go as ASGI's messages.

        uvicorn validates each header and writes twice, which takes longer than the model.
        """
        cycle = self._running
        if cycle is None or cycle.disconnected or not cycle.keep_alive or self.flow.write_paused:
            return False
        if cycle.scope["method"] == "HEAD":
            return False
        self.transport.write(message(status, response, request_id, self.server_state.default_headers))
        cycle.response_started = cycle.response_complete = True
        self.on_response_complete()
        return True

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        self._running = None
        if self._phase == Phase.CLOSING:
            self.transport.close()
        if self.transport.is_closing():
            self._phase = Phase.CLOSING
            self.waiting_since_s = self.loop.time()
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._running is None:
            self._rest()

    def _rest(self) -> None:
        """Wait for the client: for the rest of a request, or for the next one."""
        if self._phase == Phase.WHOLE:
            self._phase = Phase.IDLE
            self._guard.release(self)
        self.waiting_since_s = self.loop.time()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_since_s = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread_since_s = None

    # The end of it

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  (uvicorn's words)
        fault = self._fault or Malformed("what came is no HTTP request that can be read")
        self._close_with(fault, "large headers" if isinstance(fault, HeadersTooLarge) else "malformed")

    def check(self, now_s: float) -> None:
        """Close it if its client is late."""
        if self._unread_since_s is not None and now_s - self._unread_since_s > self._limits.send_s:
            self._guard.closed("unread answer")
            self.transport.abort()
        elif (
            self.waiting_since_s is not None
            and self._running is None
            and now_s - self.waiting_since_s > self._patience_s
        ):
            self._be_late()

    @property
    def _patience_s(self) -> float:
        match self._phase:
            case Phase.IDLE:
                return self._limits.idle_s
            case Phase.HEAD:
                return self._limits.header_s
            case Phase.BODY if not self._discarding:
                return self._limits.body_s + self._body_bytes / LOWEST_BYTES_PER_S
            case _:
                return LINGER_S

    def _be_late(self) -> None:
        if self._phase == Phase.HEAD:
            self._close_with(TooSlow(f"the headers did not come within {self._limits.header_s:g} s"), "slow headers")
        elif self._phase == Phase.BODY and not self._discarding:
            self._close_with(TooSlow(f"the body comes too slowly: {self._body_bytes} bytes so far"), "slow body")
        else:
            self._guard.closed("idle" if self._phase == Phase.IDLE else "lingering")
            self.transport.abort()

    def evict(self) -> None:
        """Close it for the sake of others."""
        self._guard.closed("evicted")
        self.transport.abort()

    def refuse_body(self) -> None:
        """Let go of the body that is coming."""
        self._close_with(Unavailable("too much is being sent at once: ask again in a few seconds"), "too much pending")

    def _require_small_headers(self) -> None:
        if self._header_bytes + len(self.url) > self._limits.max_header_bytes:
            self._stop(HeadersTooLarge(self._limits.max_header_bytes))

    def _stop(self, fault: P300Error) -> None:
        """Let the parser stop where it is; :meth:`send_400_response` is told."""
        self._fault = fault
        raise fault

    def _close_with(self, error: P300Error, reason: str) -> None:
        """Say why, and close as soon as the client has had time to read it; what else it sends is thrown away."""
        if self._phase == Phase.CLOSING:
            return
        self._guard.closed(reason)
        self._guard.release(self)
        self._parts.clear()
        self._ready = None
        self._phase = Phase.CLOSING
        self.waiting_since_s = self.loop.time()
        if self._running is not None:  # what came before is answered first, and nothing after it
            return
        identifier = request_id(dict(self.headers or ()))
        self.transport.write(message(status_of(error), error_response(error, identifier), identifier, [CLOSE]))
        if self.transport.can_write_eof():
            self.transport.write_eof()
