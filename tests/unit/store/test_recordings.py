"""Recordings survive the disk unchanged in whatever numbers they are written; hostile ones are explained."""

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from p300.domain import Recording
from p300.errors import InvalidRecording, Unavailable
from p300.store import recording_header, recordings
from p300.store.recordings import decode_recording, encode_recording, open_recording

REAL_SUBJECT = Path(__file__).parents[4] / "shared/data/br41nio/subject_01/subject_01_eeg_stim.parquet"


def _parquet(columns: dict[str, object], metadata: dict[str, str] | None = None, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), sink, **options)
    return sink.getvalue()


def test_recording_comes_back_as_it_was(recording: Recording) -> None:
    again = decode_recording(encode_recording(recording))
    np.testing.assert_allclose(again.samples, recording.samples, rtol=3e-7)
    np.testing.assert_array_equal(again.stim, recording.stim)
    assert (again.sfreq_hz, again.channel_names) == (128.0, ("Cz", "Pz", "Oz"))


def test_file_without_metadata_is_microvolts_at_512_hz() -> None:
    frame = pd.DataFrame({"eeg_ch1": [1.0, 2.0, 4.0], "eeg_ch2": [0.0, -2.0, 1.0], "stim": [0.0, 1.0, 2.0]})
    sink = io.BytesIO()
    frame.to_parquet(sink)
    recording = decode_recording(sink.getvalue())
    assert (recording.sfreq_hz, recording.channel_names) == (512.0, ("eeg_ch1", "eeg_ch2"))
    np.testing.assert_allclose(recording.samples, [[1e-6, 2e-6, 4e-6], [0, -2e-6, 1e-6]], rtol=1e-6)
    np.testing.assert_array_equal(recording.stim, [0, 1, 2])


@pytest.mark.realdata
@pytest.mark.skipif(not REAL_SUBJECT.exists(), reason="the real recordings are not in ../shared/data/br41nio")
def test_real_recording_reads() -> None:
    recording = decode_recording(REAL_SUBJECT.read_bytes())
    assert recording.samples.shape == (8, 60871)
    assert recording.channel_names[4] == "Pz"
    assert np.bincount(recording.stim).tolist() == [59671, 1050, 150]


STIM = np.array([0, 1, 0, 2, 0, 0], dtype=np.int32)


@pytest.mark.parametrize(
    "kind",
    [np.int8, np.int16, np.int32, np.int64, np.uint16, np.float16, np.float32, np.float64],
    ids=lambda k: k.__name__,
)
def test_every_kind_of_number_is_read_exactly(kind: type[np.number]) -> None:
    microvolts = np.array([0, 1, 10, 50, 100, 120]).astype(kind)
    recording = decode_recording(_parquet({"eeg_ch1": microvolts, "stim": STIM.astype(kind)}))
    (channel,) = recording.samples
    assert channel.dtype == np.float32
    np.testing.assert_allclose(channel, microvolts.astype(np.float64) * 1e-6, rtol=2e-7, atol=0)
    np.testing.assert_array_equal(recording.stim, STIM)


def test_small_signals_on_large_offsets_keep_what_float64_has() -> None:
    """300 mV of an electrode's offset under one microvolt of EEG."""
    microvolts = 300_000.0 + np.array([0.0, 1.0, -1.0, 0.5, 0.25, 0.0])
    (channel,) = decode_recording(_parquet({"eeg_ch1": microvolts, "stim": STIM})).samples
    np.testing.assert_allclose(channel, microvolts * 1e-6, rtol=1e-7)


def test_channels_go_by_their_numbers_wherever_their_columns_stand() -> None:
    columns = {f"eeg_ch{number}": np.arange(6.0) * number for number in range(1, 12)}
    shuffled = {name: columns[name] for name in sorted(columns)}  # eeg_ch1, eeg_ch10, eeg_ch11, eeg_ch2, ...
    names = [f"E{number}" for number in range(1, 12)]
    metadata = {"channel_names": json.dumps(names)}
    recording = decode_recording(_parquet({"stim": STIM, **shuffled}, metadata))
    assert recording.channel_names == tuple(names)
    for number, channel in enumerate(recording.samples, start=1):
        np.testing.assert_allclose(channel, columns[f"eeg_ch{number}"] * 1e-6, rtol=1e-6)


def test_a_held_trigger_is_one_flash() -> None:
    held = np.repeat([0, 1, 0, 2, 1, 0], 25)
    recording = decode_recording(_parquet({"eeg_ch1": np.arange(150.0), "stim": held}))
    np.testing.assert_array_equal(recording.onset_samples, [25, 75, 100])


@pytest.mark.parametrize("name", ["eeg_ch01", "eeg_ch0", "eeg_ch", "eeg_chan1", "eeg_ch1 ", "eeg_ch\u0661"])
def test_a_column_that_is_almost_a_channels_is_named(name: str) -> None:
    with pytest.raises(InvalidRecording, match="is none of eeg_ch1, eeg_ch2"):
        decode_recording(_parquet({"eeg_ch1": np.arange(6.0), name: np.arange(6.0), "stim": STIM}))


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"channel_names": "[" * 200_000}, "'channel_names' has 200,000 bytes, expected less"),
        ({"channel_names": "[" * 100_000}, "'channel_names' is no JSON list of names"),
        ({"channel_names": '["\\ud800"]'}, r"has the name '\\ud800', expected 1 to 64 printable characters"),
        ({"channel_names": '["C\\u0000z"]'}, "expected 1 to 64 printable characters"),
        ({"channel_names": '[""]'}, "expected 1 to 64 printable characters"),
        ({"channel_names": json.dumps(["x" * 65])}, "expected 1 to 64 printable characters"),
        ({"sfreq_hz": "1e300"}, "'sfreq_hz' is '1e300', expected a rate of at least 100 Hz and at most 100,000 Hz"),
        ({"sfreq_hz": "inf"}, "'sfreq_hz' is 'inf'"),
        ({"sfreq_hz": "nan"}, "'sfreq_hz' is 'nan'"),
        ({"unit": "V" * 100_000}, "'unit' is 'V{64}', expected 'uV'"),
    ],
)
def test_metadata_that_lies_or_attacks_is_explained(metadata: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidRecording, match=said):
        decode_recording(_parquet({"eeg_ch1": np.arange(6.0), "stim": STIM}, metadata))


def _large(n_samples: int) -> bytes:
    """Few bytes that unpack to many: what repeats is stored once."""
    zeros = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_samples, np.int32)), pa.array([0.5, 1.0]))
    columns = {"eeg_ch1": zeros.cast(pa.float64()), "stim": pa.array(np.zeros(n_samples, np.int8))}
    return _parquet(columns, compression="zstd", row_group_size=n_samples)


UNPACK = """
import resource, sys
from p300.errors import InvalidRecording
from p300.store.recordings import decode_recording
data = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode_recording(data)
except InvalidRecording as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_few_bytes_that_unpack_to_many_are_refused_unread(tmp_path: Path) -> None:
    """In a process of its own, whose peak of memory says that nothing was unpacked."""
    n_samples = recording_header.MOST_SAMPLES + 1
    path = tmp_path / "bomb.parquet"
    path.write_bytes(_large(n_samples))
    assert path.stat().st_size < 1_000_000
    done = subprocess.run(
        [sys.executable, "-c", UNPACK, str(path)], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert done[0].startswith(f"there are {n_samples:,} samples a channel, expected at most 16,000,000")
    assert int(done[1]) < 40, "MiB"


def test_too_many_channels_are_refused_by_their_number() -> None:
    columns = {f"eeg_ch{number}": np.arange(6.0) for number in range(1, 514)}
    with pytest.raises(InvalidRecording, match="there are 513 EEG columns, expected at most 512"):
        decode_recording(_parquet({**columns, "stim": STIM}))


def test_a_column_that_unpacks_to_more_than_its_samples_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_header, "_SPARE_BYTES", 0)
    monkeypatch.setattr(recording_header, "_MOST_SAMPLE_BYTES", 4)
    with pytest.raises(InvalidRecording, match=r"column 'eeg_ch1' unpacks to [\d,]+ bytes for 6 samples"):
        decode_recording(_parquet({"eeg_ch1": np.arange(6.0), "stim": STIM}))


def test_a_list_in_each_row_is_no_channel() -> None:
    with pytest.raises(InvalidRecording, match="column 'eeg_ch1' holds list<"):
        decode_recording(_parquet({"eeg_ch1": [[1.0]] * 6, "stim": STIM}))


@pytest.mark.parametrize(
    ("decoded_bytes", "expected"),
    [(1, [["eeg_ch1"], ["eeg_ch2"], ["eeg_ch3"]]), (recordings.DECODED_BYTES, [["eeg_ch1", "eeg_ch2", "eeg_ch3"]])],
    ids=["long", "short"],
)
def test_no_more_channels_are_held_than_memory_is_meant_for(
    monkeypatch: pytest.MonkeyPatch, recording: Recording, decoded_bytes: int, expected: list[list[str]]
) -> None:
    monkeypatch.setattr(recordings, "DECODED_BYTES", decoded_bytes)
    asked: list[list[str]] = []
    read = pq.ParquetFile.read

    def counted(file: pq.ParquetFile, columns: Sequence[str], **options: object) -> pa.Table:
        asked.append(list(columns))
        return read(file, columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read", counted)
    with open_recording(io.BytesIO(encode_recording(recording))) as opened:
        assert len(opened.samples) == 3
        assert asked == [["stim"]]
        for channel, original in zip(opened.samples, recording.samples, strict=True):
            np.testing.assert_allclose(channel, original, rtol=3e-7)
    assert asked == [["stim"], *expected]


def test_a_disk_that_fails_is_not_blamed_on_the_recording(recording: Recording) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() < 1000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with (
        pytest.raises(Unavailable, match="could not be read to its end .*Input/output error"),
        open_recording(Failing(encode_recording(recording))) as opened,
    ):
        list(opened.samples)
