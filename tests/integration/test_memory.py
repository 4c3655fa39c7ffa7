"""A long recording of many channels at a high rate takes a fraction of its size: a channel is held at a time."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from p300.store.layout import FEATURES, features_key, recording_key

N_CHANNELS, SFREQ_HZ, MINUTES = 64, 2048, 5
# Read as a whole, ten such minutes took 1.5 GB, and a container of jobs has 1 GiB.
MOST_MIB = 480


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with five minutes of noise, 1,250 flashes, written minute by minute: 160 MB."""
    path = tmp_path_factory.mktemp("source") / recording_key(1)
    path.parent.mkdir()
    names = [f"eeg_ch{number}" for number in range(1, N_CHANNELS + 1)]
    fields = [*((name, pa.float32()) for name in names), ("stim", pa.int8())]
    schema = pa.schema(fields, metadata={"sfreq_hz": str(SFREQ_HZ)})
    noise = np.random.default_rng(0).standard_normal((N_CHANNELS, 60 * SFREQ_HZ), dtype=np.float32) * 8
    stim = np.zeros(60 * SFREQ_HZ, np.int8)
    onsets = np.arange(100, len(stim), int(0.24 * SFREQ_HZ))
    stim[onsets] = np.where(np.arange(len(onsets)) % 6 == 0, 2, 1)
    minute = pa.table([*noise, stim], schema=schema)
    with pq.ParquetWriter(path, schema, compression="none") as file:
        for _ in range(MINUTES):
            file.write_table(minute)
    return path.parents[1]


# What the child itself has seen: what a parent is told of it counts the parent's own memory too.
COMMAND = """
import sys
from pathlib import Path
from p300.cli.app import main
try:
    main()
except SystemExit as ended:
    assert not ended.code
(peak,) = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print("peak", int(peak) // 1024)
"""


def _peak_mib(folder: Path, *arguments: str) -> int:
    """The most memory that a command of p300 takes."""
    environment = {**os.environ, "P300_STORE_URL": str(folder / "store"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", COMMAND, *arguments]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return int(said.split("peak")[1])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory a process took at most")
def test_minutes_of_64_channels_fit_into_a_small_container(source: Path, tmp_path: Path) -> None:
    assert _peak_mib(tmp_path, "ingest", "--source", str(source)) < MOST_MIB / 2
    assert _peak_mib(tmp_path, "preprocess", "--workers", "1") < MOST_MIB
    assert (tmp_path / "store" / FEATURES / features_key(1)).stat().st_size > 5_000_000
