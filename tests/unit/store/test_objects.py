"""The folder store: whole objects or none, and nothing outside its folder."""

import multiprocessing
from pathlib import Path

import pytest

from p300.errors import InvalidInput, NotFound
from p300.store.layout import LANDING, RAW, features_key, recording_key, rejected_keys, subject_of
from p300.store.objects import ObjectStore, open_store


def test_objects_are_put_listed_copied_and_deleted(store: ObjectStore) -> None:
    store.put(LANDING, "b/two", b"2")
    store.put(LANDING, "a/one", b"1")
    store.copy((LANDING, "a/one"), (RAW, "one"))
    assert store.list(LANDING) == ["a/one", "b/two"]
    assert store.list(LANDING, "b") == ["b/two"]
    assert store.get(RAW, "one") == b"1"
    store.delete(LANDING, "a/one")
    assert not store.exists(LANDING, "a/one")
    assert store.buckets() == [LANDING, RAW]


def test_what_is_missing_is_said(store: ObjectStore) -> None:
    assert store.list("p300-nothing") == []
    with pytest.raises(NotFound, match="there is no a/one in p300-raw-data"):
        store.get(RAW, "a/one")
    with pytest.raises(NotFound, match="there is no a/one"):
        store.delete(RAW, "a/one")


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../../outside"])
def test_nothing_is_written_outside_the_store(store: ObjectStore, tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidInput, match="relative key"):
        store.put(LANDING, key, b"x")
    assert not list(tmp_path.rglob("outside"))


def test_address_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidInput, match="P300_STORE_URL is 'ftp://x'"):
        open_store("ftp://x")


def test_reader_never_sees_half_an_object(store: ObjectStore) -> None:
    old, new = b"o" * 2_000_000, b"n" * 2_000_000
    store.put(RAW, "object", old)
    writer = multiprocessing.get_context("spawn").Process(target=_rewrite, args=(store.url, old, new))
    writer.start()
    seen = {store.get(RAW, "object") for _ in range(200)}
    writer.join()
    assert seen <= {old, new}


def _rewrite(url: str, old: bytes, new: bytes) -> None:
    for _ in range(20):
        open_store(url).put(RAW, "object", new)
        open_store(url).put(RAW, "object", old)


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
