"""Recordings from other programs: EDF, BDF, BrainVision, FIF, EEGLAB and XDF into our own form."""

import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import mne
import numpy as np

from p300.domain import Float32s, Float64s, Recording
from p300.errors import InvalidInput, InvalidRecording, NotFound
from p300.formats.events import find_events, label_events, make_stim
from p300.formats.xdf import read_raw_xdf

logger = logging.getLogger(__name__)

# Most formats do not say of a channel what it measures; the last six are BioSemi's auxiliary inputs.
_NOT_EEG = re.compile(r".*EOG.*|E[CK]G.*|EMG.*|EXG\d|GSR\d|Erg\d|Resp|Plet|Temp", re.IGNORECASE)
_STIM_CHANNELS = ["status", "trigger", "sti 014", "sti014", "sti101", "sti", "stim", "stimulus"]
_PLAUSIBLE_VOLTS = 0.05

READERS: Mapping[str, Callable[[Path], Any]] = {
    ".edf": partial(mne.io.read_raw_edf, stim_channel=_STIM_CHANNELS, infer_types=True),
    ".bdf": partial(mne.io.read_raw_bdf, stim_channel=_STIM_CHANNELS),
    ".vhdr": mne.io.read_raw_brainvision,
    ".fif": mne.io.read_raw_fif,
    ".fif.gz": mne.io.read_raw_fif,
    ".set": mne.io.read_raw_eeglab,
    ".xdf": read_raw_xdf,
    ".xdfz": read_raw_xdf,
}


def read_foreign(
    paths: Sequence[Path | str], *, target: Sequence[str], nontarget: Sequence[str], exclude: Sequence[str] = ()
) -> Recording:
    """Read the files of one subject, in their order, as one recording.

    Parameters
    ----------
    paths : sequence of path
        Of the formats in `READERS`. BrainVision is named by its ``.vhdr``.
    target, nontarget : sequence of str
        Names of the annotations or markers of each kind of flash, or codes of a stim channel, such
        as ``"33286"``. Of ``Stimulus/S  1`` the part ``S1`` is enough.
    exclude : sequence of str
        Channels to leave out, besides those that the file marks as bad.

    Raises
    ------
    NotFound
        A file is missing.
    InvalidInput
        An unknown format, an event name that is in none of the files, or one that is both Target and NonTarget.
    InvalidRecording
        A file is damaged, has no EEG, or does not go with the others.
    """
    if not paths:
        raise InvalidInput("no file was given to read")
    _require_different(paths)
    raws = [_read_raw(Path(path)) for path in paths]
    for raw, path in zip(raws, paths, strict=True):
        _exclude(raw, exclude, path)
    return convert_raws(raws, [Path(path).name for path in paths], target=target, nontarget=nontarget)


def _require_different(paths: Sequence[Path | str]) -> None:
    """Also by other names or links: a file that is read twice doubles its flashes."""
    seen: dict[Path, Path | str] = {}
    for path in paths:
        file = Path(path).resolve()
        if file in seen:
            also = "" if str(seen[file]) == str(path) else f", as {seen[file]} too"
            raise InvalidInput(f"{path} is given twice{also}: its flashes would count twice; give each file once")
        seen[file] = path


def convert_raws(
    raws: Sequence[mne.io.BaseRaw], names: Sequence[str], *, target: Sequence[str], nontarget: Sequence[str]
) -> Recording:
    """Join MNE recordings of one subject; `names` say in errors which is which. Raises like `read_foreign`."""
    events = [find_events(raw) for raw in raws]
    event_labels = label_events(events, target, nontarget)
    channel_names = _common_channels(raws, names)
    parts = [raw.get_data(picks=[raw.ch_names.index(name) for name in channel_names]) for raw in raws]
    for part, name in zip(parts, names, strict=True):
        _check_samples(part, channel_names, name)
    stims = [make_stim(found, event_labels, raw.n_times) for raw, found in zip(raws, events, strict=True)]
    return Recording(_join(parts), np.concatenate(stims), float(raws[0].info["sfreq"]), tuple(channel_names))


def _read_raw(path: Path) -> mne.io.BaseRaw:
    name = path.name.lower()
    extension = next((known for known in READERS if name.endswith(known)), None)
    if extension is None:
        hint = "give the .vhdr beside it; " if name.endswith((".eeg", ".vmrk")) else ""
        raise InvalidInput(f"{path} is of an unknown format: {hint}known are {', '.join(READERS)}")
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    try:
        with _warnings_logged(path):
            raw = READERS[extension](path)
            raw.load_data(verbose="ERROR")
            raw.get_channel_types()  # fails where a damaged file gives a channel no type that there is
    except InvalidRecording:
        raise
    # Each reader fails in its own ways on a damaged file; what the user can do about it is the same.
    except Exception as error:
        logger.debug("%s could not be read", path, exc_info=True)
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InvalidRecording(
            f"{path} cannot be read as {extension}: {reason}; it is damaged or incomplete"
        ) from error
    return raw


def _exclude(raw: mne.io.BaseRaw, channels: Sequence[str], path: Path | str) -> None:
    unknown = sorted(set(channels) - set(raw.ch_names))
    if unknown:
        raise InvalidInput(f"{path} has no channel {', '.join(unknown)} to exclude: it has {', '.join(raw.ch_names)}")
    raw.info["bads"] = sorted({*raw.info["bads"], *channels})


@contextmanager
def _warnings_logged(path: Path) -> Iterator[None]:
    with warnings.catch_warnings(record=True) as caught, mne.utils.use_log_level("ERROR"):
        warnings.simplefilter("always")
        yield
    for warning in caught:
        logger.info("%s: %s", path, warning.message)


def _common_channels(raws: Sequence[mne.io.BaseRaw], names: Sequence[str]) -> list[str]:
    """EEG channels of the first, which the others must have too, at the same rate."""
    montages = [_eeg_channels(raw, name) for raw, name in zip(raws, names, strict=True)]
    for raw, name, montage in zip(raws, names, montages, strict=True):
        differing = sorted(set(montage) ^ set(montages[0]))
        if differing:
            raise InvalidRecording(
                f"{name} and {names[0]} have different channels ({', '.join(differing)} in one of them only): "
                "the files of one subject need the same montage"
            )
        if raw.info["sfreq"] != raws[0].info["sfreq"]:
            raise InvalidRecording(
                f"{name} has {raw.info['sfreq']:g} Hz and {names[0]} {raws[0].info['sfreq']:g} Hz: "
                "the files of one subject need the same rate"
            )
    return montages[0]


def _eeg_channels(raw: mne.io.BaseRaw, name: str) -> list[str]:
    picked = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, meg=False, eeg=True, exclude="bads")]
    channels = [channel for channel in picked if not _NOT_EEG.fullmatch(channel)]
    if not channels:
        kinds = zip(raw.ch_names, raw.get_channel_types(), strict=True)
        raise InvalidRecording(
            f"{name} has no EEG channels, only {', '.join(f'{each} ({kind})' for each, kind in kinds)}"
        )
    return channels


def _check_samples(samples: Float64s, channel_names: Sequence[str], name: str) -> None:
    spreads_volts = samples.std(axis=1)
    for row, channel in enumerate(channel_names):
        if not np.isfinite(spreads_volts[row]):
            raise InvalidRecording(f"{name}: channel {channel!r} has samples that are no numbers; exclude it")
        if np.ptp(samples[row]) == 0:
            raise InvalidRecording(f"{name}: channel {channel!r} is constant, it recorded nothing; exclude it")
    if np.median(spreads_volts) > _PLAUSIBLE_VOLTS:
        raise InvalidRecording(
            f"{name} spreads over {np.median(spreads_volts):.3g} V, and EEG over microvolts: "
            "the file states a wrong unit, or none"
        )


def _join(parts: Sequence[Float64s]) -> Float32s:
    """Parts in a row, each shifted to begin where the one before ends: a step would ring through the filter."""
    joined = [parts[0]]
    for part in parts[1:]:
        joined.append(part + (joined[-1][:, -1:] - part[:, :1]))
    return np.concatenate(joined, axis=1).astype(np.float32)
