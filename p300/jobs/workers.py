"""Workers: one function applied to many items, in processes that end with their parent, or on a cluster."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from typing import TypeVar, cast

from p300.errors import InvalidInput, P300Error, Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
Done = Generator[tuple[Item, Future[Result]]]


@contextmanager
def run_each(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int = 1, scheduler: str | None = None
) -> Iterator[Done[Item, Result]]:
    """Apply a function to each item: gives an iterator of each with its future as it is done, in any order.

    A worker that dies takes nobody with it: what it and the others held is done once more, one item
    after another, and only an item whose worker dies then too has an exception. Where the block is
    left early, by Ctrl-C or an error, the work stops at once; where this process is killed, its
    workers end with it.

    Parameters
    ----------
    function : callable
        And the items: what another process can be sent.
    workers : int
        Processes on this machine; with one, the work is done in this process, when it is asked for.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://host:port``, whose workers do the work instead.

    Raises
    ------
    InvalidInput
        There are no workers, or Dask is not installed.
    Unavailable
        No scheduler answers.
    """
    if workers < 1:
        raise InvalidInput(f"workers is {workers}, expected at least 1")
    if scheduler is not None:
        done = _on_cluster(function, items, scheduler)
    elif min(workers, len(items)) <= 1:  # a second process would only cost its start
        done = _here(function, items)
    else:
        done = _in_processes(function, items, workers)
    with closing(done):
        yield done


def failure_of(error: BaseException) -> str:
    """What became of an item whose future has this exception, in words; what is a defect of ours is raised again."""
    if isinstance(error, P300Error):
        return str(error)
    if isinstance(error, (OSError, RuntimeError, MemoryError)):
        return f"its worker ended ({type(error).__name__}: {error}); run again"
    raise error


def _here(function: Callable[[Item], Result], items: Sequence[Item]) -> Done[Item, Result]:
    for item in items:
        future: Future[Result] = Future()
        try:
            future.set_result(function(item))
        except (P300Error, OSError, RuntimeError, MemoryError) as error:
            future.set_exception(error)
        yield item, future


def _in_processes(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Done[Item, Result]:
    left = list(items)
    while left:
        with _processes(min(workers, len(left))) as pool:
            broken = {}
            for item, future in _submitted(pool, function, left):
                if isinstance(future.exception(), BrokenProcessPool):
                    broken[item] = future
                else:
                    yield item, future
        left = [item for item in left if item in broken]
        if workers == 1 and left:
            # One worker takes items in their order: the first that is left is the one it held.
            yield left[0], broken[left.pop(0)]
        workers = 1


def _submitted(pool: Executor, function: Callable[[Item], Result], items: Sequence[Item]) -> Done[Item, Result]:
    pending: dict[Future[Result], Item] = {}
    for item in items:
        with _interrupts_held():
            try:
                future = pool.submit(function, item)
            except BrokenProcessPool as error:
                future = Future()
                future.set_exception(error)
        pending[future] = item
    for future in as_completed(pending):
        yield pending.pop(future), future


@contextmanager
def _processes(workers: int) -> Iterator[Executor]:
    """A pool whose workers are killed where the block is left by an exception."""
    others = set(multiprocessing.active_children())
    # Forked children of a threaded parent can hang, so the workers begin as fresh processes.
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_the_parent
    )
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()
        raise
    pool.shutdown()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back for as long: workers that begin meanwhile never get one, it is their parent's to stop them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_the_parent() -> None:
    """In a worker: end as soon as the parent does, however it ends and whatever the worker is doing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.join,), daemon=True).start()


def _end_after(wait: Callable[[], None]) -> None:
    wait()
    os._exit(1)


def _on_cluster(function: Callable[[Item], Result], items: Sequence[Item], scheduler: str) -> Done[Item, Result]:
    try:
        from distributed import Client  # noqa: PLC0415  (an extra: only those who ask for a cluster need it)
    except ImportError as error:
        raise InvalidInput("--scheduler needs Dask: pip install 'p300[dask]'") from error
    try:
        client = Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unavailable(f"no Dask scheduler answers at {scheduler}: {error}") from error
    with client:
        yield from _submitted(cast("Executor", client.get_executor(pure=False)), function, items)
