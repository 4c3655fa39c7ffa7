"""Fetch: real recordings of published P300 experiments, through MOABB."""

import importlib
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import mne

from p300.domain import MICROVOLT, Label, Recording, SubjectId, subject_name
from p300.errors import InvalidInput, InvalidRecording, PartialFailure, Refused, Unavailable
from p300.formats.foreign import convert_raws
from p300.jobs.recordings.delivery import Destination, deliver, require_usable
from p300.store.recordings import encode_recording

logger = logging.getLogger(__name__)


class Dataset(Protocol):
    """What is used of ``moabb.datasets.base.BaseDataset``.

    ``unit_factor`` makes microvolts of the samples. MOABB annotates a flash where the interval of
    its epoch begins, ``interval[0]`` seconds after the flash.
    """

    code: str
    paradigm: str
    subject_list: list[int]
    interval: Sequence[float]
    unit_factor: float

    def get_data(self, subjects: list[int]) -> Mapping[int, Mapping[str, Mapping[str, mne.io.BaseRaw]]]:
        """Runs by subject, session and run, annotated with the names of their events."""


def fetch(
    destination: Destination,
    dataset_name: str,
    subjects: Sequence[SubjectId],
    *,
    overwrite: bool = False,
    on_done: Callable[[SubjectId], None] = lambda _subject: None,
) -> None:
    """Bring subjects of a MOABB dataset; each keeps its number, its sessions and runs are joined.

    Parameters
    ----------
    destination : ObjectStore or Path
        A store, whose landing zone is meant, or a folder.
    dataset_name : str
        Class or code of a P300 dataset, in any case: ``bi2014a``, ``BrainInvaders2014a``.
    on_done : callable
        Told each subject as it ends, well or badly.

    Raises
    ------
    Unavailable
        MOABB is not installed, or the data cannot be downloaded.
    InvalidInput
        There is no such P300 dataset, or it has no such subject.
    PartialFailure
        Some subjects cannot be used, or have another recording and `overwrite` is not set; the others are done.
    """
    dataset = find_dataset(dataset_name)
    missing = [str(subject) for subject in subjects if subject not in dataset.subject_list]
    if missing:
        known = f"{min(dataset.subject_list)} to {max(dataset.subject_list)}"
        raise InvalidInput(f"{dataset.code} has no subject {', '.join(missing)}: it has {known}")
    reasons: dict[str, str] = {}
    for subject in subjects:
        try:
            recording = encode_recording(recording_of(dataset, subject))
            require_usable(recording)
            deliver(destination, subject, recording, overwrite=overwrite)
        except (InvalidRecording, Refused) as error:
            reasons[subject_name(subject)] = str(error)
        on_done(subject)
    if reasons:
        raise PartialFailure("fetched", reasons)


def find_dataset(name: str) -> Dataset:
    """MOABB's P300 dataset of this class or code; raises like `fetch`."""
    try:
        classes: Mapping[str, Callable[[], Dataset]] = importlib.import_module("moabb.datasets.utils").dataset_dict
    except ModuleNotFoundError as error:
        if error.name != "moabb":
            raise
        raise Unavailable("fetching recordings needs MOABB: pip install 'p300[moabb]'") from error
    by_class = {_simplified(class_name): make for class_name, make in classes.items()}
    wanted = _simplified(name)
    if wanted in by_class:
        dataset = by_class[wanted]()
    else:
        datasets = [make() for make in classes.values()]
        found = [dataset for dataset in datasets if _simplified(dataset.code) == wanted]
        if not found:
            known = sorted(type(dataset).__name__ for dataset in datasets if dataset.paradigm == "p300")
            raise InvalidInput(f"MOABB has no dataset {name!r}: its P300 datasets are {', '.join(known)}")
        dataset = found[0]
    if dataset.paradigm != "p300":
        raise InvalidInput(f"{dataset.code} is a dataset of the paradigm {dataset.paradigm!r}, expected 'p300'")
    return dataset


def _simplified(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def recording_of(dataset: Dataset, subject: int) -> Recording:
    """All sessions and runs of one subject in a row.

    Raises
    ------
    Unavailable
        MOABB cannot give them.
    InvalidRecording
        They do not make one recording.
    """
    try:
        sessions = dataset.get_data([subject])[subject]
    # Each dataset downloads and unpacks in its own way and fails with its own errors.
    except Exception as error:
        logger.debug("MOABB failed on subject %d of %s", subject, dataset.code, exc_info=True)
        reason = " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__
        raise Unavailable(
            f"MOABB could not bring subject {subject} of {dataset.code}: {reason}; check the network and try again"
        ) from error
    runs = {f"session {session}, run {run}": raw for session, raws in sessions.items() for run, raw in raws.items()}
    for raw in runs.values():
        _restore(raw, dataset)
    return convert_raws(list(runs.values()), list(runs), target=[Label.Target.name], nontarget=[Label.NonTarget.name])


def _restore(raw: mne.io.BaseRaw, dataset: Dataset) -> None:
    """Samples in volts, and annotations where the flashes were."""
    factor = dataset.unit_factor * MICROVOLT
    raw.load_data(verbose="ERROR")
    raw.apply_function(lambda samples: samples * factor, picks=mne.pick_types(raw.info, eeg=True), verbose="ERROR")
    sfreq_hz = raw.info["sfreq"]
    raw.annotations.onset -= int(dataset.interval[0] * sfreq_hz) / sfreq_hz
