"""Validation by subject: how a candidate does on people it has not seen."""

from p300.model.answers import Answers, read_flashes
from p300.model.candidate import Candidate
from p300.model.sums.stored import Sums
from p300.model.tables import Tables


def validate(candidate: Candidate, tables: Tables, sums: Sums | None = None) -> Answers:
    """Leave each subject out in turn: each is answered by the classifier of all the others.

    Parameters
    ----------
    candidate : Candidate
    tables : mapping
        Of the subjects to leave out.
    sums : Sums, optional
        Of these subjects and maybe others, where they are known already and suffice.

    Raises
    ------
    InvalidInput
        Fewer than two subjects, tables that do not belong together, or a subject that cannot be
        scored, as its epochs are of one class only.
    """
    probabilities = candidate.leave_out_of_sums(sums, tables) if sums else candidate.leave_one_subject_out(tables)
    return Answers.to(read_flashes(tables), probabilities).scored()
