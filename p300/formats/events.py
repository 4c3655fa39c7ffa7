"""Events of MNE recordings: which there are, and which of them are flashes."""

import logging
from collections.abc import Mapping, Sequence

import mne
import numpy as np
from numpy.typing import NDArray

from p300.domain import Label, Labels, code_onsets
from p300.errors import InvalidInput, InvalidRecording

logger = logging.getLogger(__name__)

Samples = NDArray[np.int64]
Events = Mapping[str, Samples]
"""Samples, counted from the first of the recording, at which the event of each name begins."""

# Where several stim channels repeat the same codes, this one has them all.
_COMPOSITE_STIM_CHANNELS = ("STI101", "STI 014", "STI014")
# Bits above are the amplifier's state, not the event's code.
_CODE_BITS = 0xFFFF
_MOST_LISTED = 20


def find_events(raw: mne.io.BaseRaw) -> dict[str, Samples]:
    """Samples of every event, from annotations by their text and from the stim channel by its code."""
    return {**_stim_channel_events(raw), **_annotated_events(raw)}


def _annotated_events(raw: mne.io.BaseRaw) -> dict[str, Samples]:
    names = sorted(set(raw.annotations.description))
    if not names:
        return {}
    codes = {name: code for code, name in enumerate(names, start=1)}
    found, _ = mne.events_from_annotations(raw, event_id=codes, regexp=None, verbose="ERROR")
    return {name: found[found[:, 2] == code, 0] - raw.first_samp for name, code in codes.items()}


def _stim_channel_events(raw: mne.io.BaseRaw) -> dict[str, Samples]:
    """An event begins where :func:`p300.domain.code_onsets` says."""
    channels = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, meg=False, stim=True)]
    if not channels:
        return {}
    channel = next((name for name in _COMPOSITE_STIM_CHANNELS if name in channels), channels[0])
    # Picked by number: some call the channel "stim", which by name would be every channel of that type.
    codes = np.round(raw.get_data(picks=[raw.ch_names.index(channel)])[0]).astype(np.int64) & _CODE_BITS
    onsets = code_onsets(codes)
    return {str(code): onsets[codes[onsets] == code] for code in np.unique(codes[onsets])}


def label_events(events: Sequence[Events], target: Sequence[str], nontarget: Sequence[str]) -> dict[str, Label]:
    """Label of each event that is a flash, among those of all files of a subject.

    Raises
    ------
    InvalidInput
        A name is that of no event, of several, or of both kinds of flash; or a kind has no name.
    """
    counts: dict[str, int] = {}
    for found in events:
        for name, samples in found.items():
            counts[name] = counts.get(name, 0) + len(samples)
    labels: dict[str, Label] = {}
    for label, wanted in ((Label.Target, target), (Label.NonTarget, nontarget)):
        if not wanted:
            raise InvalidInput(f"no event is named as {label.name}: {_listed(counts)}")
        for name in wanted:
            event = _event_called(name, counts)
            if labels.setdefault(event, label) != label:
                raise InvalidInput(f"event {event!r} is given as Target and as NonTarget: it can be only one of them")
    return labels


def _event_called(name: str, counts: Mapping[str, int]) -> str:
    wanted = _squeezed(name)
    matches = [event for event in counts if _squeezed(event) == wanted]
    matches = matches or [event for event in counts if _squeezed(event.rpartition("/")[2]) == wanted]
    if not matches:
        raise InvalidInput(f"there is no event {name!r}: {_listed(counts)}")
    if len(matches) > 1:
        raise InvalidInput(f"event {name!r} may be any of {', '.join(map(repr, matches))}: give the whole name")
    return matches[0]


def _squeezed(name: str) -> str:
    return "".join(name.split())


def _listed(counts: Mapping[str, int]) -> str:
    if not counts:
        return "the recording has no events at all"
    often = sorted(counts, key=lambda name: -counts[name])
    shown = ", ".join(f"{name!r} ({counts[name]} times)" for name in often[:_MOST_LISTED])
    return f"there are {shown}" + (f" and {len(often) - _MOST_LISTED} more" if len(often) > _MOST_LISTED else "")


def make_stim(events: Events, labels: Mapping[str, Label], n_samples: int) -> Labels:
    """0 at every sample but those where a flash begins, which have its label; shape (n_samples,).

    Raises
    ------
    InvalidRecording
        Both kinds of flash begin at the same sample.
    """
    stim = np.zeros(n_samples, dtype=np.int8)
    for name, label in labels.items():
        samples = events.get(name, np.zeros(0, dtype=np.int64))
        inside = samples[(samples >= 0) & (samples < n_samples)]
        if len(inside) < len(samples):
            logger.warning("%d events %r lie outside of the recording", len(samples) - len(inside), name)
        clashing = inside[(stim[inside] != 0) & (stim[inside] != label)]
        if len(clashing):
            raise InvalidRecording(
                f"sample {clashing[0]} is marked as Target and as NonTarget: it can be only one of them"
            )
        stim[inside] = label
    return stim
