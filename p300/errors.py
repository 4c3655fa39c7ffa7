"""One tree of errors. Each says what was wrong, where, what was expected and what to do.

Anything that is not a :class:`P300Error` is a defect of ours: it reaches the log with its
traceback, and the user gets a plain apology in its place.
"""

from collections.abc import Mapping


class P300Error(Exception):
    """Something that the person at the keyboard, or at the other end of the wire, can mend."""


class InvalidInput(P300Error):
    """What was given breaks the rules; asking again with the same input cannot help."""


class InvalidRecording(InvalidInput):
    """A recording that cannot be used: it is set aside with this sentence, never dropped."""


class PayloadTooLarge(InvalidInput):
    """More in one request than the service takes."""


class NotFound(P300Error):
    """What was asked for is not there."""


class Refused(P300Error):
    """The request is well formed, but the present state forbids it."""


class Unavailable(P300Error):
    """Something that this needs cannot be reached, or has nothing to offer yet; later it may."""


class PartialFailure(P300Error):
    """Some subjects failed and the others are done.

    Parameters
    ----------
    work : str
        What failed, in the past participle: ``preprocessed``, ``ingested``.
    reasons : mapping of str to str
        The sentence for each subject that failed.
    """

    def __init__(self, work: str, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        lines = "".join(f"\n  {name}: {reason}" for name, reason in self.reasons.items())
        super().__init__(f"{len(self.reasons)} could not be {work}:{lines}")
