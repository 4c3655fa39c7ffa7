"""Which store an address opens, and what subjects' objects are called. What stores do: tests/integration/store."""

import os
import stat
from pathlib import Path

import pytest

from p300.errors import InvalidInput
from p300.store.folder import FolderStore
from p300.store.layout import features_key, recording_key, rejected_keys, subject_of
from p300.store.objects import open_store


def test_address_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidInput, match="P300_STORE_URL is 'ftp://x'"):
        open_store("ftp://x")


def test_keys_name_their_subject() -> None:
    assert recording_key(7) == "subject_07/subject_07_eeg_stim.parquet"
    assert subject_of(recording_key(123)) == subject_of(features_key(123)) == 123
    assert [subject_of(key) for key in ("subject_07/subject_08_eeg_stim.parquet", "subject_00/features.parquet")] == [
        None,
        None,
    ]
    aside, reason = rejected_keys(recording_key(7), "0123456789abcdef")
    assert aside == "rejected/subject_07/subject_07_eeg_stim.0123456789ab.parquet"
    assert reason == aside + ".reason.txt"


def test_others_may_read_what_the_umask_lets_them(tmp_path: Path) -> None:
    """A container that runs as another user reads the folder that recordings were written to."""
    before = os.umask(0o022)
    try:
        FolderStore(tmp_path).put("bucket", "key", b"content")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "bucket" / "key").stat().st_mode) == 0o644
