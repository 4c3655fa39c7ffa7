"""A process is known to be gone only where that can be seen."""

import os
import subprocess
import sys
from dataclasses import replace

from p300.registry.processes import Process


def test_who_runs_is_not_gone() -> None:
    here = Process.here()
    assert here.number == os.getpid()
    assert Process.parse(str(here)) == here
    assert not here.is_gone()


def test_who_was_killed_is_gone_even_before_anybody_noticed() -> None:
    program = "from p300.registry.processes import Process; print(Process.here(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        process = Process.parse(child.stdout.readline().strip())
        assert process is not None
        assert not process.is_gone()
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert process.is_gone(), "it has ended, though its parent has not asked yet"
    assert process.is_gone()


def test_another_process_with_its_number_is_not_it() -> None:
    assert replace(Process.here(), began="1").is_gone()


def test_nothing_is_known_of_other_places() -> None:
    assert not Process("elsewhere boot pid:[1]", 1, "1").is_gone()
    assert Process.parse("") is None
    assert Process.parse("what is this") is None
