"""One row a piece of work: ours, the peer and the floor, measured in turn in one run."""

import statistics
import time
from collections.abc import Callable, Mapping

Row = dict[str, object]


def in_turn(works: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Median seconds of each work. They take turns, so that what else runs here hits all alike; a first round warms."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            start_s = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start_s)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def row(work: str, measured: Mapping[str, float], unit: str, bar: str, *, lower_is_better: bool = False) -> Row:
    """A row of what was measured as ``ours``, ``peer`` and, where there is one, ``floor``.

    ``ratio`` is how many times better ours is than the peer.
    """
    ours, peer = measured["ours"], measured["peer"]
    return {
        "work": work,
        "ours": ours,
        "peer": peer,
        "floor": measured.get("floor"),
        "unit": unit,
        "ratio": round(peer / ours if lower_is_better else ours / peer, 2),
        "bar": bar,
    }
