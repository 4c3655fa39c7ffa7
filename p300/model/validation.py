"""Validation by subject: how a candidate does on people it has not seen."""

from p300.model.answers import Answers, read_flashes
from p300.model.candidate import Candidate
from p300.model.tables import Tables


def validate(candidate: Candidate, tables: Tables) -> Answers:
    """Leave each subject out in turn: each is answered by the classifier of all the others.

    Raises
    ------
    InvalidInput
        Fewer than two subjects, tables that do not belong together, or a subject that cannot be
        scored, as its epochs are of one class only.
    """
    return Answers.to(read_flashes(tables), candidate.leave_one_subject_out(tables)).scored()
