"""A port for a server that cannot take a free one itself."""

import random
import socket
from contextlib import suppress


def free_port() -> int:
    """A port of this machine that nobody is given by chance in the seconds until a server binds it.

    Those that the system gives to connections, and Docker to containers, are all above.
    """
    for port in random.sample(range(20000, 30000), 100):
        with socket.socket() as trial, suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")
