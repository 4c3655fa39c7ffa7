"""A load generator light enough to measure a server on the same two cores.

Each keep-alive connection is one ``asyncio.Protocol`` on uvloop that sends the same pre-encoded
request again as soon as the answer is whole. Loopback only, bounded in connections and seconds.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import uvloop

HOST = "127.0.0.1"
MAX_CONNECTIONS = 64
MAX_SECONDS = 30.0
DRAIN_S = 10.0
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True)
class Load:
    """What came back: answers per second, and the latency that 50 % and 99 % of them stayed under."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    n_requests: int


def encode_request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """One HTTP/1.1 POST, ready for the socket."""
    lines = [f"POST {path} HTTP/1.1", f"host: {HOST}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _HEAD_END + body


def measure(port: int, request: bytes, *, connections: int = 8, duration_s: float = 5.0, warmup_s: float = 0.5) -> Load:
    """Send ``request`` over ``connections`` at once for ``duration_s``, after a warm-up that is not counted.

    Raises
    ------
    RuntimeError
        An answer other than 200, with its first bytes; a connection that the server closed; or no answer at all.
    """
    if not (1 <= connections <= MAX_CONNECTIONS and 0 < duration_s <= MAX_SECONDS):
        raise ValueError(f"at most {MAX_CONNECTIONS} connections for {MAX_SECONDS} s")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(port, request, connections, duration_s, warmup_s))


async def _measure(port: int, request: bytes, connections: int, duration_s: float, warmup_s: float) -> Load:
    loop = asyncio.get_running_loop()
    run = _Run(request, connections, loop.create_future(), loop.create_future())
    transports = [(await loop.create_connection(lambda: _Asker(run), HOST, port))[0] for _ in range(connections)]
    try:
        await asyncio.wait_for(_count(run, duration_s, warmup_s), MAX_SECONDS + warmup_s)
        await asyncio.wait([run.idle], timeout=DRAIN_S)
    finally:
        for transport in transports:
            transport.close()
    if not run.latencies_s:
        raise RuntimeError(f"no answer came within {duration_s:g} s")
    latencies_ms = np.asarray(run.latencies_s) * 1e3
    p50_ms, p99_ms = np.percentile(latencies_ms, [50, 99])
    return Load(len(latencies_ms) / run.elapsed_s, float(p50_ms), float(p99_ms), len(latencies_ms))


async def _count(run: "_Run", duration_s: float, warmup_s: float) -> None:
    await asyncio.wait([run.failure], timeout=warmup_s)
    run.latencies_s.clear()
    started_s = time.perf_counter()
    await asyncio.wait([run.failure], timeout=duration_s)
    run.elapsed_s = time.perf_counter() - started_s
    run.stopped = True
    if run.failure.done():
        run.failure.result()


@dataclass
class _Run:
    request: bytes
    n_busy: int
    failure: "asyncio.Future[None]"
    idle: "asyncio.Future[None]"
    latencies_s: list[float] = field(default_factory=list)
    elapsed_s: float = 0.0
    stopped: bool = False

    def fail(self, reason: str) -> None:
        if not (self.stopped or self.failure.done()):
            self.failure.set_exception(RuntimeError(reason))

    def rest(self) -> None:
        """One connection has its last answer: a server that is cut short would complain."""
        self.n_busy -= 1
        if self.n_busy == 0:
            self.idle.set_result(None)


class _Asker(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, without the inheritance
        self._ask()

    def _ask(self) -> None:
        self._answer = b""
        self._sent_s = time.perf_counter()
        self._transport.write(self._run.request)

    def data_received(self, data: bytes) -> None:
        self._answer = self._answer + data if self._answer else data
        head_end = self._answer.find(_HEAD_END)
        if head_end < 0:
            return
        start = self._answer[:head_end].lower().index(_LENGTH) + len(_LENGTH)
        length = int(self._answer[start : self._answer.index(b"\r", start)])
        if len(self._answer) < head_end + len(_HEAD_END) + length:
            return
        if not self._answer.startswith(b"HTTP/1.1 200"):
            self._run.fail(f"the server answered {self._answer[:500]!r}")
            return
        if self._run.stopped:
            self._run.rest()
            return
        self._run.latencies_s.append(time.perf_counter() - self._sent_s)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.fail(f"the server closed a connection: {exc}")
