"""Runs the service: one process, one event loop, until it is told to stop."""

import asyncio
import gc
import logging
import resource
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import cast

import uvicorn
from threadpoolctl import threadpool_limits

from p300.errors import Unavailable
from p300.serving.http.app import make_app
from p300.serving.http.connection import Connection
from p300.serving.http.guard import Guard, Limits
from p300.serving.memory import keep_freed_memory
from p300.serving.metrics import Metrics
from p300.serving.models.follower import Versions
from p300.serving.models.loader import Loader
from p300.serving.service import Service
from p300.settings import ServingSettings

BACKLOG = 2048
FILES_FOR_ITSELF = 64  # of those that the process may open: what is left are connections
MOST_FILES = 65_536
SWEEP_TICKS = 10  # of a tenth of a second

logger = logging.getLogger(__name__)


def serve(versions: Versions, settings: ServingSettings, *, announce: Callable[[str], None] | None = None) -> None:
    """Answer requests until SIGTERM or SIGINT, then finish those under way and return.

    Connections are refused for up to ``settings.start_wait_s`` as long as it is not known what to serve: a load
    balancer then asks another replica, where it would pass on a 503.

    Parameters
    ----------
    versions : Versions
        The registry that says which version is under which alias.
    announce : callable, optional
        Told the address as soon as connections are accepted: with port 0 nobody knows it before.

    Raises
    ------
    Unavailable
        The address is taken.
    """
    _raise_file_limit()
    keep_freed_memory()
    listener = bind(settings.host, settings.port)
    address = f"http://{_authority(listener)}"

    def say() -> None:
        logger.info("listening on %s for %s", address, ", ".join(settings.served_aliases))
        if announce:
            announce(address)

    server = make_server(versions, settings, on_listening=say)
    # uvicorn raises the signal that ended it once more, for a handler that was there before: this one,
    # so that the process ends with 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.end)
    # One request is too small for several threads, and waiting BLAS threads take cores from others.
    with threadpool_limits(1, "blas"):
        gc.collect()
        gc.freeze()  # what is loaded by now stays: no collection has to look at it during a request
        server.run(sockets=[listener])
    logger.info("stopped")


class Server(uvicorn.Server):
    """Owns what answers: follows the aliases as long as it runs.

    Parameters
    ----------
    start_wait_s : float
        How long it waits for the registry before it accepts connections, so that nobody is told that it is starting.
    on_listening : callable
        Called when it accepts connections.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        loader: Loader,
        service: Service,
        guard: Guard,
        *,
        start_wait_s: float,
        on_listening: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._loader = loader
        self._service = service
        self._guard = guard
        self._start_wait_s = start_wait_s
        self._on_listening = on_listening

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loader.start()
        try:
            await super().serve(sockets)
        finally:
            self._loader.stop()
            self._service.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self._loader.settled(self._start_wait_s)
        if not self.should_exit:
            await super().startup(sockets)
            self._on_listening()

    async def on_tick(self, counter: int) -> bool:
        if counter % SWEEP_TICKS == 0:
            self._guard.sweep(cast("set[Connection]", self.server_state.connections), time.monotonic())
        return await super().on_tick(counter)

    def end(self, *_: object) -> None:
        """End as soon as what is under way is answered. A signal's handler: it may come before uvicorn's own is set."""
        self._loader.stop()  # it may be waited for
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._loader.stop()
        super().handle_exit(sig, frame)  # it counts: a second Ctrl-C waits for nothing


def make_server(
    versions: Versions, settings: ServingSettings, *, on_listening: Callable[[], None] = lambda: None
) -> Server:
    """The server, ready to run in any thread."""
    metrics = Metrics()
    loader = Loader(
        versions, settings.served_aliases, metrics, cache_dir=settings.cache_dir, poll_s=settings.alias_poll_s
    )
    service = Service(loader.followers, max_epochs=settings.max_epochs)
    guard = Guard(_limits(settings), metrics.close_connection)
    config = uvicorn.Config(
        make_app(service, metrics, max_body_bytes=settings.max_body_bytes),
        loop="uvloop",
        http=cast("type[asyncio.Protocol]", partial(Connection, guard)),
        ws="none",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        log_level="error",  # it warns of what strangers send, which metrics count
        backlog=BACKLOG,
        timeout_graceful_shutdown=max(1, round(settings.drain_s)),
    )
    return Server(config, loader, service, guard, start_wait_s=settings.start_wait_s, on_listening=on_listening)


def bind(host: str, port: int) -> socket.socket:
    """A socket that has its address, and refuses connections until the server runs; port 0 takes a free one.

    Raises
    ------
    Unavailable
        The address is taken, or is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unavailable(f"cannot listen on {host}:{port}: {error.strerror}; choose another with P300_PORT") from error
    return listener


def _limits(settings: ServingSettings) -> Limits:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    n_files = MOST_FILES if soft == resource.RLIM_INFINITY else soft
    return Limits(
        max_connections=max(1, min(settings.max_connections, n_files - FILES_FOR_ITSELF)),
        max_header_bytes=settings.max_header_bytes,
        max_body_bytes=settings.max_body_bytes,
        max_pending_bytes=settings.max_pending_bytes,
        header_s=settings.header_wait_s,
        body_s=settings.body_wait_s,
        idle_s=settings.idle_wait_s,
        send_s=settings.send_wait_s,
    )


def _raise_file_limit() -> None:
    """Let the process open as many connections as it may: shells often allow 1,024 where the system allows more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _authority(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
