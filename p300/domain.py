"""The nouns that every part shares, in the words of MOABB and MLflow."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NewType

import numpy as np
from numpy.typing import NDArray

from p300.errors import InvalidInput

SubjectId = NewType("SubjectId", int)

Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
Labels = NDArray[np.int8]

MICROVOLT = 1e-6
MODEL_NAME = "P300-Classifier"
CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS_CHAMPION = "previous-champion"
SERVED_ALIASES = (CHAMPION, CHALLENGER)

_SUBJECT_NAME = re.compile(r"subject_(\d{2,})")


class Label(IntEnum):
    """What a flash was: the code in ``stim``, in ``label`` and in the model's classes."""

    NonTarget = 1
    Target = 2


@dataclass(frozen=True)
class Recording:
    """The continuous EEG of one subject.

    Attributes
    ----------
    samples : ndarray of float32, shape (n_channels, n_samples)
        Volts.
    stim : ndarray of int8, shape (n_samples,)
        0 where nothing happens, else the :class:`Label` of the flash that begins here.
    sfreq_hz : float
    channel_names : tuple of str, length n_channels
    """

    samples: Float32s
    stim: Labels
    sfreq_hz: float
    channel_names: tuple[str, ...]


@dataclass(frozen=True)
class Provenance:
    """Where a feature table came from: stored with it, so that it can be checked and made again.

    ``recipe`` is the recipe's canonical JSON, ``raw_sha256`` the hash of the raw object's bytes,
    ``n_incomplete`` the flashes too near an end of the recording for a whole epoch.
    """

    recipe: str
    recipe_hash: str
    source_sfreq_hz: float
    sfreq_hz: float
    channel_names: tuple[str, ...]
    raw_key: str
    raw_sha256: str
    n_flashes: int
    n_kept: int
    n_incomplete: int
    n_rejected: int
    rejected_by_channel: Mapping[str, int]


@dataclass(frozen=True)
class FeatureTable:
    """The epochs of one subject, as the model sees them.

    Attributes
    ----------
    features : ndarray of float32, shape (n_epochs, n_channels * n_times)
        Channel-major: all times of the first channel, then of the second.
    labels : ndarray of int8, shape (n_epochs,)
        :class:`Label` of each epoch.
    epochs : ndarray of int32, shape (n_epochs,)
        Number of the flash within the recording, counted before any was rejected.
    onset_samples : ndarray of int64, shape (n_epochs,)
        Sample of the flash in the recording, at its own rate.
    """

    features: Float32s
    labels: Labels
    epochs: NDArray[np.int32]
    onset_samples: NDArray[np.int64]
    provenance: Provenance

    @property
    def n_channels(self) -> int:
        return len(self.provenance.channel_names)

    @property
    def targets(self) -> NDArray[np.bool_]:
        """Where a Target was flashed: bool, shape (n_epochs,)."""
        return np.equal(self.labels, Label.Target)


def subject_name(subject: int) -> str:
    """``subject_07`` for 7: at least two digits."""
    return f"subject_{subject:02d}"


def parse_subject(text: str) -> SubjectId:
    """Read ``7``, ``07`` or ``subject_07``.

    Raises
    ------
    InvalidInput
        Anything else, and numbers below 1.
    """
    match = _SUBJECT_NAME.fullmatch(text)
    digits = match.group(1) if match else text
    if not (digits.isascii() and digits.isdigit()) or int(digits) < 1:
        raise InvalidInput(
            f"{text!r} is not a subject: give a whole number from 1, such as 7, or a name such as subject_07"
        )
    return SubjectId(int(digits))


def parse_subjects(text: str) -> tuple[SubjectId, ...]:
    """Read ``1-10``, ``1,3,5-7`` or ``subject_02,4``, in order and without repetition.

    Raises
    ------
    InvalidInput
        A part that is no subject, or a range that runs backwards.
    """
    subjects: set[SubjectId] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        low, high = parse_subject(first), parse_subject(last if dash else first)
        if low > high:
            raise InvalidInput(f"the range of subjects {part.strip()!r} runs backwards: write {high}-{low}")
        subjects.update(SubjectId(number) for number in range(low, high + 1))
    return tuple(sorted(subjects))
