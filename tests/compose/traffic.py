"""Predictions that go on while something is broken, at a bounded rate, from this machine to itself."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.compose import platform
from tests.compose.shell import ROOT

RATE_HZ = 20.0
LONGEST_S = 900.0
REQUEST = json.loads((ROOT / "data" / "example_request.json").read_text())


@dataclass(frozen=True)
class Answer:
    """One request: when it was sent, how long it took, and which version answered; or else what went wrong."""

    sent_s: float
    took_s: float
    version: int | None
    failure: str = ""


@dataclass
class Traffic:
    """What was asked of the champion, in order."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        return [answer.failure for answer in self.answers if answer.failure]

    @property
    def slowest_s(self) -> float:
        return max(answer.took_s for answer in self.answers)

    @property
    def without_answer_s(self) -> float:
        """The longest time from one answer to the next."""
        answered = [answer.sent_s + answer.took_s for answer in self.answers if not answer.failure]
        return max(after - before for before, after in itertools.pairwise(answered))

    def last_of(self, version: int) -> float:
        """When the last request was sent that this version answered."""
        return max(answer.sent_s for answer in self.answers if answer.version == version)


@contextmanager
def traffic() -> Iterator[Traffic]:
    """Ask the champion `RATE_HZ` times a second until the block ends, and a little longer."""
    seen = Traffic()
    ended = threading.Event()
    thread = threading.Thread(target=_ask, args=(seen, ended), daemon=True)
    thread.start()
    try:
        time.sleep(1)
        yield seen
        time.sleep(2)
    finally:
        ended.set()
        thread.join()


def _ask(seen: Traffic, ended: threading.Event) -> None:
    began_s = time.monotonic()
    with httpx.Client(base_url=platform.BASE_URL, timeout=30) as client:
        while not ended.wait(1 / RATE_HZ) and time.monotonic() - began_s < LONGEST_S:
            sent_s = time.monotonic()
            version, failure = None, ""
            try:
                response = client.post("/predict-champion/", json=REQUEST)
                if response.status_code == 200:
                    version = response.json()["model"]["version"]
                else:
                    failure = f"{response.status_code}: {response.text}"
            except httpx.HTTPError as error:
                failure = repr(error)
            seen.answers.append(Answer(sent_s, time.monotonic() - sent_s, version, failure))
