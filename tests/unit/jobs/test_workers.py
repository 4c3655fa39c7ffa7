"""Work in several processes: none outlives its parent, one that dies takes nobody with it, Ctrl-C stops at once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

import pytest

from p300.errors import InvalidInput, InvalidRecording
from p300.jobs.workers import failure_of, run_each

PATIENCE_S = 30.0


def square_or_die(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 4:
        raise InvalidRecording("four cannot be used")
    return number * number


@pytest.mark.parametrize("workers", [2, 3])
def test_a_worker_that_dies_takes_nobody_with_it(workers: int) -> None:
    with run_each(square_or_die, list(range(8)), workers=workers) as outcomes:
        done = dict(outcomes)
    assert sorted(done) == list(range(8))
    assert isinstance(done[3].exception(), BrokenProcessPool)
    assert "its worker ended" in failure_of(done[3].exception())
    assert failure_of(done[4].exception()) == "four cannot be used"
    assert {number: future.result() for number, future in done.items() if number not in (3, 4)} == {
        0: 0, 1: 1, 2: 4, 5: 25, 6: 36, 7: 49,
    }  # fmt: skip


def die_once(marker: Path) -> str:
    if marker.suffix == ".deadly" and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def test_what_a_dead_worker_held_is_done_once_more(tmp_path: Path) -> None:
    with run_each(die_once, [tmp_path / "one.deadly", tmp_path / "two"], workers=2) as outcomes:
        assert {future.exception() for _, future in outcomes} == {None}


def test_one_worker_works_here_and_when_it_is_asked() -> None:
    with run_each(lambda _number: os.getpid(), [1, 2, 3]) as outcomes:
        assert next(outcomes)[1].result() == os.getpid()
    assert list(outcomes) == [], "the others were never begun"


def test_no_workers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="workers is 0"), run_each(square_or_die, [1], workers=0):
        pass


# Each worker leaves its number in the folder when it begins, and holds its item for ever.
PARENT = """
import os, signal, sys, time
from pathlib import Path
from p300.jobs.workers import run_each

def hold(item):
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(600)

def spin(item):
    Path(sys.argv[1], str(os.getpid())).touch()
    while True:
        sum(range(1_000_000))

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
    with run_each({"hold": hold, "spin": spin}[sys.argv[2]], list(range(20)), workers=2) as outcomes:
        list(outcomes)
"""


@contextmanager
def _working(folder: Path, work: str) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """A parent with two workers in the middle of their work, in a group of its own, and the workers' numbers."""
    script, begun = folder / "parent.py", folder / "begun"
    script.write_text(PARENT)
    begun.mkdir()
    command = [sys.executable, str(script), str(begun), work]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as parent:
        _until(lambda: len(list(begun.iterdir())) == 2)
        try:
            yield parent, [int(path.name) for path in begun.iterdir()]
        finally:
            parent.kill()


def _until(holds: "Callable[[], bool]") -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline_s, "in vain"
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("work", ["hold", "spin"])
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path, work: str) -> None:
    with _working(tmp_path, work) as (parent, workers):
        parent.kill()
        _until(lambda: not any(map(_lives, workers)))


@pytest.mark.parametrize("to_all", [True, False], ids=["Ctrl-C", "kill -INT of the parent"])
def test_an_interrupt_stops_the_work_and_only_the_parent_speaks(tmp_path: Path, to_all: bool) -> None:
    with _working(tmp_path, "hold") as (parent, workers):
        (os.killpg if to_all else os.kill)(parent.pid, signal.SIGINT)
        said = parent.communicate(timeout=PATIENCE_S)[1]
        assert parent.returncode == -signal.SIGINT
        assert said.count("Traceback") == said.count("KeyboardInterrupt") == 1
        assert not any(map(_lives, workers))
        assert len(list((tmp_path / "begun").iterdir())) == 2, "nothing more was begun"
