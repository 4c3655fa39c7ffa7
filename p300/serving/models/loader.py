"""Keeps a follower of each alias at work in the background."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event, Thread, Timer

from p300.serving.metrics import Metrics
from p300.serving.models.follower import Follower, Versions
from p300.serving.models.last_good import LastGood

FALL_BACK_S = 2.0
SETTLING_POLL_S = 0.05


class Loader:
    """Follows aliases, each in a thread of its own, so that one slow download holds up no other.

    All threads are daemons: a registry that hangs may keep neither the start nor the end waiting.

    Parameters
    ----------
    cache_dir : Path
        Where the last good version of each alias is kept.
    poll_s : float
        How often each alias is looked up.
    fall_back_s : float
        How long the registry may be silent at the start before the last good version serves.
    """

    def __init__(
        self,
        versions: Versions,
        aliases: Sequence[str],
        metrics: Metrics,
        *,
        cache_dir: Path,
        poll_s: float,
        fall_back_s: float = FALL_BACK_S,
    ) -> None:
        self.followers: Mapping[str, Follower] = {
            alias: Follower(alias, versions, LastGood(cache_dir / alias), metrics, poll_s=poll_s) for alias in aliases
        }
        self._poll_s = poll_s
        self._fall_back_s = fall_back_s
        self._stopped = Event()

    def start(self) -> None:
        """Begin to follow; returns at once."""
        for alias, follower in self.followers.items():
            Thread(target=self._follow, args=(follower,), name=f"follow {alias}", daemon=True).start()
            impatience = Timer(self._fall_back_s, follower.fall_back)
            impatience.daemon = True
            impatience.start()

    async def settled(self, wait_s: float) -> None:
        """Wait until it is known of each alias what serves it, if any does; no longer than `wait_s`, or the end."""
        deadline_s = time.monotonic() + wait_s
        while self._is_starting() and time.monotonic() < deadline_s and not self._stopped.is_set():
            await asyncio.sleep(SETTLING_POLL_S)

    def stop(self) -> None:
        self._stopped.set()

    def _is_starting(self) -> bool:
        return any(follower.status().state == "starting" for follower in self.followers.values())

    def _follow(self, follower: Follower) -> None:
        while not self._stopped.is_set():
            follower.step()
            self._stopped.wait(self._poll_s)
