"""XDF files as LabRecorder writes them, in the least that the format asks for."""

import struct
from pathlib import Path

import numpy as np
import pytest

from p300.domain import Float32s
from p300.errors import InvalidInput, InvalidRecording
from p300.formats.foreign import read_foreign

SFREQ_HZ = 250.0
BEGIN_S = 1000.0

CHANNELS = (
    "<desc><channels>"
    "<channel><label>Cz</label><type>EEG</type><unit>microvolts</unit></channel>"
    "<channel><label>Pz</label><type>EEG</type><unit>microvolts</unit></channel>"
    "<channel><label>Accelerometer</label><type>ACC</type><unit>g</unit></channel>"
    "</channels></desc>"
)


def chunk(tag: int, content: bytes) -> bytes:
    return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content


def stream(number: int, kind: str, stamps_s: list[float], values: list[bytes], header: str) -> bytes:
    """Header and samples of a stream; `values` are the encoded values of each sample."""
    info = f"<?xml version='1.0'?><info><name>{kind} stream</name><type>{kind}</type>{header}</info>".encode()
    samples = b"".join(b"\x08" + struct.pack("<d", at) + value for at, value in zip(stamps_s, values, strict=True))
    counted = struct.pack("<IBI", number, 4, len(values)) + samples
    return chunk(2, struct.pack("<I", number) + info) + chunk(3, counted)


def eeg_stream(number: int, microvolts: Float32s, rate_hz: float = SFREQ_HZ, description: str = CHANNELS) -> bytes:
    stamps_s = [BEGIN_S + sample / SFREQ_HZ for sample in range(microvolts.shape[1])]
    header = (
        f"<channel_count>{len(microvolts)}</channel_count><nominal_srate>{rate_hz}</nominal_srate>"
        f"<channel_format>float32</channel_format>{description}"
    )
    return stream(number, "EEG", stamps_s, [sample.tobytes() for sample in microvolts.T], header)


def marker_stream(number: int, markers: dict[int, str]) -> bytes:
    """Each marker comes a millisecond after its sample: clocks do not tick together."""
    header = "<channel_count>1</channel_count><nominal_srate>0</nominal_srate><channel_format>string</channel_format>"
    texts = [b"\x01" + struct.pack("<B", len(text)) + text.encode() for text in markers.values()]
    stamps_s = [BEGIN_S + sample / SFREQ_HZ + 0.001 for sample in markers]
    return stream(number, "Markers", stamps_s, texts, header)


def write(path: Path, *streams: bytes) -> Path:
    path.write_bytes(
        b"XDF:" + chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>") + b"".join(streams)
    )
    return path


@pytest.fixture
def microvolts() -> Float32s:
    return np.random.default_rng(3).normal(0, 20, (3, 2000)).astype(np.float32)


def test_samples_and_markers_come_back(microvolts: Float32s, tmp_path: Path) -> None:
    markers = {sample: "target" if sample % 5 == 0 else "standard" for sample in range(7, 1999, 41)}
    path = write(tmp_path / "run.xdf", eeg_stream(1, microvolts), marker_stream(2, markers))
    read = read_foreign([path], target=["target"], nontarget=["standard"])
    assert (read.channel_names, read.sfreq_hz) == (("Cz", "Pz"), SFREQ_HZ)
    np.testing.assert_allclose(read.samples, microvolts[:2] * 1e-6, rtol=1e-6)
    assert {sample: int(read.stim[sample]) for sample in np.flatnonzero(read.stim)} == {
        sample: 2 if text == "target" else 1 for sample, text in markers.items()
    }


def test_stream_that_describes_nothing_is_microvolts_of_numbered_channels(microvolts: Float32s, tmp_path: Path) -> None:
    path = write(
        tmp_path / "run.xdf", eeg_stream(1, microvolts, description=""), marker_stream(2, {100: "1", 200: "2"})
    )
    read = read_foreign([path], target=["2"], nontarget=["1"])
    assert read.channel_names == ("eeg_ch1", "eeg_ch2", "eeg_ch3")
    np.testing.assert_allclose(read.samples, microvolts * 1e-6, rtol=1e-6)


def test_what_is_no_recording_is_said(microvolts: Float32s, tmp_path: Path) -> None:
    eeg, markers = eeg_stream(1, microvolts), marker_stream(2, {100: "1", 200: "2"})
    cases = [
        (
            [markers],
            InvalidRecording,
            r"has 0 streams of type EEG, expected one; there are 'Markers stream' \(Markers\)",
        ),
        ([eeg, eeg_stream(3, microvolts), markers], InvalidRecording, "has 2 streams of type EEG"),
        ([eeg_stream(1, microvolts, rate_hz=0), markers], InvalidRecording, "no fixed rate"),
        ([eeg], InvalidInput, "no event '2': the recording has no events at all"),
    ]
    for streams, kind, sentence in cases:
        with pytest.raises(kind, match=sentence):
            read_foreign([write(tmp_path / "run.xdf", *streams)], target=["2"], nontarget=["1"])


# pyxdf leaves a file open that does not begin as XDF does.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*FileIO:pytest.PytestUnraisableExceptionWarning")
def test_file_of_another_kind_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "run.xdf").write_bytes(b"no XDF at all")
    with pytest.raises(InvalidRecording, match="damaged or incomplete"):
        read_foreign([tmp_path / "run.xdf"], target=["2"], nontarget=["1"])
