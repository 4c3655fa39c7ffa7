"""Which process began a run, and whether it is gone: a killed one cannot end its run itself."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process, told apart from every other.

    Attributes
    ----------
    place : str
        The machine, since it was last started, and the container there: where its number means it.
    number : int
    began : str
        In the kernel's ticks: a number is given again.
    """

    place: str
    number: int
    began: str

    @classmethod
    def here(cls) -> Self:
        """The process that runs this."""
        return cls(_place(), os.getpid(), _began(os.getpid()))

    def __str__(self) -> str:
        return f"{self.place} {self.number} {self.began}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what ``str`` gave; None if it is something else."""
        place, number, began = ["", "", "", *text.rsplit(" ", 2)][-3:]
        return cls(place, int(number), began) if place and number.isdecimal() else None

    def is_gone(self) -> bool:
        """Whether it has ended; never for one that cannot be seen from here."""
        return self.place == _place() and _began(self.number) != self.began


def _place() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()} {boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:  # no Linux: nothing is to be seen
        return f"{socket.gethostname()} unseen"


def _began(number: int) -> str:
    try:
        state, *fields = (_PROC / str(number) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "never" if (_PROC / "self").exists() else "unseen"
    return "never" if state == "Z" else fields[18]
