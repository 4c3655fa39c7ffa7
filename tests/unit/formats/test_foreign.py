"""Recordings survive the way through other programs' formats: every sample, and every flash on its sample."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import edfio
import mne
import numpy as np
import pytest

from p300.domain import Recording
from p300.errors import InvalidInput, InvalidRecording, NotFound
from p300.formats.foreign import read_foreign

CHANNELS = ("Fz", "Cz", "Pz")
SFREQ_HZ = 250.0
MICROVOLT = 1e-6
TARGET, NONTARGET = 2, 1

Write = Callable[[Path, Recording], Path]


@pytest.fixture
def original() -> Recording:
    rng = np.random.default_rng(5)
    samples = rng.normal(0, 20e-6, (3, 2500)).astype(np.float32)
    stim = np.zeros(2500, dtype=np.int8)
    stim[101:2400:53] = NONTARGET
    stim[101 + 53 : 2400 : 5 * 53] = TARGET
    return Recording(samples, stim, SFREQ_HZ, CHANNELS)


def as_raw(recording: Recording, names: tuple[str, str] = ("NonTarget", "Target")) -> mne.io.RawArray:
    """With an eye channel beside the EEG, which must not come back."""
    info = mne.create_info([*recording.channel_names, "VEOG"], recording.sfreq_hz, ["eeg", "eeg", "eeg", "eog"])
    raw = mne.io.RawArray(np.vstack([recording.samples, recording.samples[:1]]), info, verbose="ERROR")
    raw.set_meas_date(datetime(2024, 5, 6, tzinfo=UTC))
    onsets = np.flatnonzero(recording.stim)
    described = [names[code - 1] for code in recording.stim[onsets]]
    raw.set_annotations(mne.Annotations(onsets / recording.sfreq_hz, 0.0, described, raw.info["meas_date"]))
    return raw


def with_stim_channel(recording: Recording, codes: tuple[int, int], name: str) -> mne.io.RawArray:
    raw = as_raw(recording).set_annotations(None)
    pulses = np.zeros(raw.n_times)
    for width in range(5):  # a trigger stays up for some samples
        pulses[width:] += np.array([0, *codes])[recording.stim[: len(pulses) - width]]
    stim = mne.io.RawArray(pulses[None], mne.create_info([name], recording.sfreq_hz, "stim"), verbose="ERROR")
    stim.set_meas_date(raw.info["meas_date"])
    return raw.add_channels([stim], force_update_info=True)


def write_edf(folder: Path, recording: Recording) -> Path:
    path = folder / "run.edf"
    mne.export.export_raw(path, as_raw(recording), add_ch_type=True, verbose="ERROR")
    return path


def write_bdf(folder: Path, recording: Recording) -> Path:
    raw = with_stim_channel(recording, (33286, 33285), "Status")
    kinds = {"physical_range": (-2000, 2000), "physical_dimension": "uV"}
    signals = [edfio.BdfSignal(raw.get_data(name)[0] * 1e6, SFREQ_HZ, label=name, **kinds) for name in CHANNELS]
    signals.append(edfio.BdfSignal(raw.get_data("VEOG")[0] * 1e6, SFREQ_HZ, label="EXG1", **kinds))
    # The bit that BioSemi sets beside the code says that the battery is fine.
    status = raw.get_data("Status")[0] + (1 << 16)
    whole = {"physical_range": (-8388608, 8388607), "physical_dimension": "Boolean"}
    edfio.Bdf([*signals, edfio.BdfSignal(status, SFREQ_HZ, label="Status", **whole)]).write(folder / "run.bdf")
    return folder / "run.bdf"


def write_brainvision(folder: Path, recording: Recording) -> Path:
    path = folder / "run.vhdr"
    mne.export.export_raw(path, as_raw(recording, ("Stimulus/S  1", "Stimulus/S  2")), verbose="ERROR")
    return path


def write_fif(folder: Path, recording: Recording) -> Path:
    path = folder / "run_raw.fif"
    as_raw(recording).save(path, verbose="ERROR")
    return path


def write_fif_with_stim_channel(folder: Path, recording: Recording) -> Path:
    path = folder / "stim_raw.fif"
    with_stim_channel(recording, (5, 7), "STI 014").save(path, verbose="ERROR")
    return path


def write_eeglab(folder: Path, recording: Recording) -> Path:
    path = folder / "run.set"
    mne.export.export_raw(path, as_raw(recording).pick("eeg"), verbose="ERROR")
    return path


@pytest.mark.parametrize(
    ("write", "names", "quantum_volts"),
    [
        (write_edf, ("NonTarget", "Target"), 200e-6 / 2**15),
        (write_bdf, ("33286", "33285"), 4000e-6 / 2**24),
        (write_brainvision, ("S1", "Stimulus/S  2"), 1e-11),
        (write_fif, ("NonTarget", "Target"), 0),
        (write_fif_with_stim_channel, ("5", "7"), 0),
        (write_eeglab, ("NonTarget", "Target"), 1e-11),
    ],
)
def test_samples_and_flashes_come_back(
    write: Write, names: tuple[str, str], quantum_volts: float, original: Recording, tmp_path: Path
) -> None:
    read = read_foreign([write(tmp_path, original)], target=[names[1]], nontarget=[names[0]])
    assert read.channel_names == CHANNELS
    assert read.sfreq_hz == SFREQ_HZ
    assert read.samples.dtype == np.float32
    np.testing.assert_allclose(read.samples[:, :2500], original.samples, rtol=1e-6, atol=quantum_volts)
    np.testing.assert_array_equal(read.stim[:2500], original.stim)


def test_recording_that_begins_late_has_its_flashes_on_their_samples(original: Recording, tmp_path: Path) -> None:
    raw = as_raw(original).crop(tmin=2.0)
    raw.save(tmp_path / "late_raw.fif", verbose="ERROR")
    read = read_foreign([tmp_path / "late_raw.fif"], target=["Target"], nontarget=["NonTarget"])
    np.testing.assert_array_equal(read.stim, original.stim[500:])


def test_files_are_joined_without_a_step(original: Recording, tmp_path: Path) -> None:
    far = Recording(original.samples + np.float32(0.01), original.stim, SFREQ_HZ, CHANNELS)
    (tmp_path / "second").mkdir()
    paths = [write_fif(tmp_path, original), write_fif(tmp_path / "second", far)]
    read = read_foreign(paths, target=["Target"], nontarget=["NonTarget"])
    np.testing.assert_array_equal(read.stim, np.tile(original.stim, 2))
    np.testing.assert_allclose(np.diff(read.samples[:, 2500:]), np.diff(original.samples), atol=1e-8)
    np.testing.assert_allclose(read.samples[:, 2500], read.samples[:, 2499], atol=1e-8)


def test_a_file_that_is_given_twice_is_refused(original: Recording, tmp_path: Path) -> None:
    path = write_fif(tmp_path, original)
    (tmp_path / "link_raw.fif").symlink_to(path)
    for again in (path, str(path), tmp_path / "." / path.name, tmp_path / "link_raw.fif"):
        with pytest.raises(InvalidInput, match="is given twice.*: its flashes would count twice"):
            read_foreign([path, again], target=["Target"], nontarget=["NonTarget"])


def test_several_names_may_be_one_kind_of_flash(original: Recording, tmp_path: Path) -> None:
    raw = as_raw(original)
    names = raw.annotations.description
    names = names.astype(object)
    names[names == "NonTarget"] = ["row", "column", "row", "row", "column"] * 7
    raw.set_annotations(mne.Annotations(raw.annotations.onset, 0.0, names, raw.info["meas_date"]))
    raw.save(tmp_path / "two_raw.fif", verbose="ERROR")
    read = read_foreign([tmp_path / "two_raw.fif"], target=["Target"], nontarget=["row", "column"])
    np.testing.assert_array_equal(read.stim, original.stim)


def test_what_cannot_be_read_is_said_in_one_sentence(original: Recording, tmp_path: Path) -> None:
    fif, bad = write_fif(tmp_path, original), tmp_path / "bad.edf"
    bad.write_bytes(b"no EDF at all")
    vhdr = write_brainvision(tmp_path, original)
    vhdr.with_suffix(".eeg").unlink()
    cases: list[tuple[Path, str, str, type[Exception], str]] = [
        (tmp_path / "run.mat", "Target", "NonTarget", InvalidInput, r"run.mat is of an unknown format.*\.edf, \.bdf"),
        (tmp_path / "run.eeg", "Target", "NonTarget", InvalidInput, r"give the \.vhdr beside it"),
        (tmp_path / "none.edf", "Target", "NonTarget", NotFound, "there is no file .*none.edf"),
        (bad, "Target", "NonTarget", InvalidRecording, "bad.edf cannot be read as .edf: .*damaged or incomplete"),
        (vhdr, "Target", "NonTarget", InvalidRecording, "run.vhdr cannot be read as .vhdr: .*run.eeg"),
        (
            fif,
            "Tagret",
            "NonTarget",
            InvalidInput,
            r"no event 'Tagret': there are 'NonTarget' \(35 times\), 'Target' \(9",
        ),
        (fif, "Target", "Target", InvalidInput, "'Target' is given as Target and as NonTarget"),
    ]
    for path, target, nontarget, kind, sentence in cases:
        with pytest.raises(kind, match=sentence) as refusal:
            read_foreign([path], target=[target], nontarget=[nontarget])
        assert "\n" not in str(refusal.value)
    with pytest.raises(InvalidInput, match="no event is named as Target: there are"):
        read_foreign([fif], target=[], nontarget=["NonTarget"])
    with pytest.raises(InvalidInput, match="no file"):
        read_foreign([], target=["Target"], nontarget=["NonTarget"])


def test_channels_that_make_no_recording_are_named(original: Recording, tmp_path: Path) -> None:
    path = tmp_path / "odd_raw.fif"

    def read(raw: mne.io.BaseRaw, exclude: tuple[str, ...] = ()) -> Recording:
        raw.save(path, overwrite=True, verbose="ERROR")
        return read_foreign([path], target=["Target"], nontarget=["NonTarget"], exclude=exclude)

    with pytest.raises(InvalidRecording, match=r"no EEG channels, only VEOG \(eog\)"):
        read(as_raw(original).pick("eog"))
    flat = as_raw(original)
    flat.apply_function(lambda samples: samples * 0 + 1e-4, picks=["Cz"])
    with pytest.raises(InvalidRecording, match="channel 'Cz' is constant"):
        read(flat)
    assert read(flat, exclude=("Cz",)).channel_names == ("Fz", "Pz")
    with pytest.raises(InvalidInput, match="no channel POz to exclude: it has Fz, Cz, Pz, VEOG"):
        read(flat, exclude=("POz",))
    with pytest.raises(InvalidRecording, match="a wrong unit"):
        read(as_raw(original).apply_function(lambda samples: samples * 1e6, picks="eeg"))


def test_files_of_different_montage_or_rate_do_not_mix(original: Recording, tmp_path: Path) -> None:
    first = write_fif(tmp_path, original)
    odd = tmp_path / "odd_raw.fif"
    for raw, sentence in (
        (as_raw(original).drop_channels(["Cz"]), r"different channels \(Cz in one of them only\)"),
        (as_raw(original).resample(125, verbose="ERROR"), "has 125 Hz and run_raw.fif 250 Hz"),
    ):
        raw.save(odd, overwrite=True, verbose="ERROR")
        with pytest.raises(InvalidRecording, match=sentence):
            read_foreign([first, odd], target=["Target"], nontarget=["NonTarget"])


def test_flash_of_both_kinds_is_refused(original: Recording, tmp_path: Path) -> None:
    raw = as_raw(original)
    raw.annotations.append(np.flatnonzero(original.stim == TARGET)[0] / SFREQ_HZ, 0.0, "NonTarget")
    raw.save(tmp_path / "both_raw.fif", verbose="ERROR")
    with pytest.raises(InvalidRecording, match="sample 154 is marked as Target and as NonTarget"):
        read_foreign([tmp_path / "both_raw.fif"], target=["Target"], nontarget=["NonTarget"])
