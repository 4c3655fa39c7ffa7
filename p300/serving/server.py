"""Runs the service: one process, one event loop, until it is told to stop."""

import gc
import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from threadpoolctl import threadpool_limits

from p300.errors import Unavailable
from p300.serving.http.app import make_app
from p300.serving.metrics import Metrics
from p300.serving.models.follower import Versions
from p300.serving.models.loader import Loader
from p300.serving.service import Service
from p300.settings import ServingSettings

BACKLOG = 2048

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
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
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
        *,
        start_wait_s: float,
        on_listening: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._loader = loader
        self._service = service
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

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._loader.stop()  # it may be waited for
        super().handle_exit(sig, frame)


def make_server(
    versions: Versions, settings: ServingSettings, *, on_listening: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """The server, ready to run in any thread."""
    metrics = Metrics()
    loader = Loader(
        versions, settings.served_aliases, metrics, cache_dir=settings.cache_dir, poll_s=settings.alias_poll_s
    )
    service = Service(loader.followers, max_epochs=settings.max_epochs)
    config = uvicorn.Config(
        make_app(service, metrics, max_body_bytes=settings.max_body_bytes),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        log_level="warning",
        backlog=BACKLOG,
        timeout_graceful_shutdown=max(1, round(settings.drain_s)),
    )
    return Server(config, loader, service, start_wait_s=settings.start_wait_s, on_listening=on_listening)


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


def _authority(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
