"""Synth: seeded recordings that look like real ones."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from p300.domain import SubjectId, subject_name
from p300.errors import InvalidInput, PartialFailure, Refused
from p300.jobs.recordings.delivery import Destination, deliver
from p300.store.recordings import encode_recording
from p300.synthetic.recordings import synthesize


def synth(
    destination: Destination,
    subjects: Sequence[SubjectId],
    *,
    seed: int = 0,
    workers: int = 1,
    overwrite: bool = False,
    on_done: Callable[[SubjectId], None] = lambda _subject: None,
) -> None:
    """Make a recording of each subject; the same seed always makes the same bytes.

    Parameters
    ----------
    destination : ObjectStore or Path
        A store, whose landing zone is meant, or a folder.
    workers : int
        Processes on this machine.
    on_done : callable
        Told each subject as it ends, well or badly.

    Raises
    ------
    PartialFailure
        There is another recording of some subjects, and `overwrite` is not set; the others are done.
    """
    if workers < 1:
        raise InvalidInput(f"workers is {workers}, expected at least 1")
    reasons: dict[str, str] = {}
    for subject, recording in _recordings(subjects, seed, min(workers, len(subjects))):
        try:
            deliver(destination, subject, recording, overwrite=overwrite)
        except Refused as error:
            reasons[subject_name(subject)] = str(error)
        on_done(subject)
    if reasons:
        raise PartialFailure("written", dict(sorted(reasons.items())))


def _recordings(subjects: Sequence[SubjectId], seed: int, workers: int) -> Iterator[tuple[SubjectId, bytes]]:
    # For one worker, a second process would only cost its start.
    if workers <= 1:
        yield from ((subject, _synthesize(subject, seed)) for subject in subjects)
        return
    # Forked children of a threaded parent can hang, so the workers begin as fresh processes.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        made = {pool.submit(_synthesize, subject, seed): subject for subject in subjects}
        for future in as_completed(made):
            yield made.pop(future), future.result()


def _synthesize(subject: SubjectId, seed: int) -> bytes:
    return encode_recording(synthesize(subject, seed=seed))
