"""Synth: seeded recordings that look like real ones."""

from collections.abc import Callable, Sequence
from functools import partial

from p300.domain import SubjectId, subject_name
from p300.errors import PartialFailure, Refused
from p300.jobs.recordings.delivery import Destination, deliver
from p300.jobs.workers import failure_of, run_each
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
    reasons: dict[str, str] = {}
    with run_each(partial(_synthesize, seed), subjects, workers=workers) as outcomes:
        for subject, future in outcomes:
            error = future.exception()
            try:
                if error is not None:
                    reasons[subject_name(subject)] = failure_of(error)
                else:
                    deliver(destination, subject, future.result(), overwrite=overwrite)
            except Refused as refusal:
                reasons[subject_name(subject)] = str(refusal)
            on_done(subject)
    if reasons:
        raise PartialFailure("written", dict(sorted(reasons.items())))


def _synthesize(seed: int, subject: SubjectId) -> bytes:
    return encode_recording(synthesize(subject, seed=seed))
