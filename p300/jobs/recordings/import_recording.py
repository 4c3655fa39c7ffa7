"""Import: a recording of another program becomes one of ours."""

from collections.abc import Sequence
from pathlib import Path

from p300.domain import SubjectId
from p300.formats.foreign import read_foreign
from p300.jobs.recordings.delivery import Destination, deliver, require_usable
from p300.store.recordings import encode_recording


def import_recording(  # noqa: PLR0913 - what is read, how it is read, and where it goes
    destination: Destination,
    paths: Sequence[Path],
    subject: SubjectId,
    *,
    target: Sequence[str],
    nontarget: Sequence[str],
    exclude: Sequence[str] = (),
    overwrite: bool = False,
) -> str:
    """Convert the files of one subject and say where the recording is.

    Parameters
    ----------
    destination : ObjectStore or Path
        A store, whose landing zone is meant, or a folder.
    paths, target, nontarget, exclude
        As :func:`p300.formats.foreign.read_foreign` takes them.

    Raises
    ------
    NotFound, InvalidInput, InvalidRecording
        As `read_foreign` does, and where the recording breaks the rules for recordings.
    Refused
        There is another recording of the subject, and `overwrite` is not set.
    """
    recording = encode_recording(read_foreign(paths, target=target, nontarget=nontarget, exclude=exclude))
    require_usable(recording)
    return deliver(destination, subject, recording, overwrite=overwrite)
