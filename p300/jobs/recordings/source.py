"""A folder of subject files: which recordings it holds, and what in it is none."""

import re
import stat
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from p300.domain import SubjectId, subject_name
from p300.errors import NotFound
from p300.store.layout import recording_key

_SUBJECT_LIKE = re.compile(r"subject[\s_-]*(\d+)", re.IGNORECASE)
_SUBJECT_PREFIX = "subject"
_HIDDEN = "."


@dataclass(frozen=True)
class Source:
    """The recordings of a folder by subject, in id order; a sentence for each thing that looks like one and is none."""

    recordings: dict[SubjectId, Path]
    problems: dict[str, str]


def survey(folder: Path) -> Source:
    """Look through a folder of ``subject_NN/subject_NN_eeg_stim.parquet``; no recording is opened.

    What has nothing to do with subjects is passed over. Of folders that mean the same subject none is
    taken: only a person knows which recording is that subject's.

    Raises
    ------
    NotFound
        There is no such folder, or it may not be read.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith(_HIDDEN))
    except OSError as error:
        raise NotFound(f"there is no folder {folder} that can be read: {error.strerror}") from error
    problems = {path.name: problem for path in paths if (problem := _problem(path))}
    names: dict[SubjectId, list[str]] = defaultdict(list)
    for path in paths:
        if path.name not in problems and path.name.lower().startswith(_SUBJECT_PREFIX) and path.is_dir():
            names[_subject_meant(path.name)].append(path.name)
    recordings: dict[SubjectId, Path] = {}
    for subject, alike in sorted(names.items()):
        wrong = _naming_problems(subject, alike)
        problems |= wrong
        file = folder / recording_key(subject)
        if not wrong and (problem := _file_problem(file)):
            problems[recording_key(subject)] = problem
        elif not wrong and file.exists():
            recordings[subject] = file
    return Source(recordings, problems)


def _subject_meant(name: str) -> SubjectId:
    """0 where no subject is meant."""
    match = _SUBJECT_LIKE.fullmatch(name)
    return SubjectId(int(match[1]) if match else 0)


def _problem(path: Path) -> str:
    """What is wrong with an entry whatever it is called; empty where nothing is."""
    if path.suffix == PurePosixPath(recording_key(1)).suffix:
        return f"is no subject's folder: expected {recording_key(1)} and the like"
    if path.name.lower().startswith(_SUBJECT_PREFIX) and _leads_nowhere(path):
        return "is a link that leads nowhere"
    return ""


def _naming_problems(subject: SubjectId, names: list[str]) -> dict[str, str]:
    """What is wrong with the names of folders that mean the same subject."""
    if subject < 1:
        return dict.fromkeys(names, f"is no subject's name: expected one such as {subject_name(1)}, counted from 1")
    right = subject_name(subject)
    if len(names) > 1:
        return {
            name: f"means subject {subject}, as {' and '.join(sorted({*names} - {name}))} does: none of them is taken; "
            f"keep one, called {right}"
            for name in names
        }
    wrong = (name for name in names if name != right)
    return dict.fromkeys(wrong, f"is not how a subject is written: call it {right}, and the file in it alike")


def _file_problem(file: Path) -> str:
    if _leads_nowhere(file):
        return "cannot be read: it is a link that leads nowhere"
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return _missing(file)
    except OSError as error:
        return unreadable(error)
    if stat.S_ISDIR(mode):
        return "cannot be read: it is a folder, expected a file"
    return "" if stat.S_ISREG(mode) else "cannot be read: it is no regular file"


def unreadable(error: OSError) -> str:
    """Why a file of a source cannot be read, and what to do."""
    return f"cannot be read: {error.strerror}; chmod go+rX lets a container read it"


def _missing(file: Path) -> str:
    try:
        others = sorted(path.name for path in file.parent.iterdir() if path.suffix == file.suffix)
    except OSError as error:
        return unreadable(error)
    return f"is missing: there is {', '.join(others[:3])} in its place" if others else ""


def _leads_nowhere(path: Path) -> bool:
    return path.is_symlink() and not path.exists()
