"""What every store does, the folder and both S3 servers: whole objects or none, and one answer to what is missing."""

import io
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from p300.errors import InvalidInput, NotFound, Unavailable
from p300.jobs.platform.provision import Plan
from p300.store import s3
from p300.store.digest import sha256_of
from p300.store.layout import LANDING, RAW
from p300.store.objects import ObjectStore, open_store


@pytest.fixture(params=["folder", "minio_server", "versitygw_server"])
def store(request: pytest.FixtureRequest, tmp_path: Path, emptied: Callable[[Plan], Plan]) -> ObjectStore:
    if request.param == "folder":
        return open_store(str(tmp_path / "store"))
    emptied(request.getfixturevalue(request.param))
    return open_store("s3://")


def test_objects_are_put_listed_copied_and_deleted(store: ObjectStore) -> None:
    for bucket in (RAW, LANDING, LANDING):
        store.make_bucket(bucket)
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
    assert store.buckets() == []
    assert store.list("p300-nothing") == []
    for _ in ("without the bucket", "with it"):
        with pytest.raises(NotFound, match="there is no a/one in p300-raw-data"):
            store.get(RAW, "a/one")
        with pytest.raises(NotFound, match="there is no a/one"):
            store.delete(RAW, "a/one")
        with pytest.raises(NotFound, match="there is no a/one"):
            store.copy((RAW, "a/one"), (RAW, "two"))
        assert not store.exists(RAW, "a/one")
        store.make_bucket(RAW)


def test_more_objects_than_one_answer_lists(store: ObjectStore) -> None:
    store.make_bucket(RAW)
    keys = [f"subject_{number:04}/x" for number in range(1001)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: store.put(RAW, key, b""), keys))
    assert store.list(RAW) == keys


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../../outside"])
def test_nothing_is_written_outside_the_store(store: ObjectStore, tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidInput, match="relative key"):
        store.put(LANDING, key, b"x")
    assert not list(tmp_path.rglob("outside"))


def test_large_object_comes_back_whole(store: ObjectStore) -> None:
    store.make_bucket(RAW)
    data = bytes(range(256)) * 80_000
    store.put(RAW, "large", data)
    store.copy((RAW, "large"), (RAW, "copy"))
    assert store.get(RAW, "copy") == data


def test_reader_never_sees_half_an_object(store: ObjectStore) -> None:
    old, new = b"o" * 2_000_000, b"n" * 2_000_000
    store.make_bucket(RAW)
    store.put(RAW, "object", old)
    writer = multiprocessing.get_context("spawn").Process(target=_rewrite, args=(store.url, old, new))
    writer.start()
    seen = set()
    while writer.is_alive():
        seen.add(store.get(RAW, "object"))
    assert writer.exitcode == 0
    assert seen == {old, new}


def test_of_several_who_put_a_new_object_one_does(store: ObjectStore) -> None:
    store.make_bucket(RAW)
    data = [bytes([number]) * 1000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        put = list(pool.map(lambda each: store.put_new(RAW, "a/new", each), data))
    assert sum(put) == 1
    assert store.get(RAW, "a/new") == data[put.index(True)]
    assert not store.put_new(RAW, "a/new", io.BytesIO(b"later"))
    assert store.list(RAW) == ["a/new"]
    store.delete(RAW, "a/new")
    assert store.put_new(RAW, "a/new", io.BytesIO(b"later"))
    assert store.get(RAW, "a/new") == b"later"


def test_an_open_object_is_sought_in_and_stays_what_it_was(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_SMALL_BYTES", 1000)  # so that the servers are asked for ranges
    store.make_bucket(RAW)
    data = bytes(range(256)) * 1000
    store.put(RAW, "large", io.BytesIO(data))
    assert store.sizes(RAW, "la") == {"large": len(data)}
    before = store.stat(RAW, "large")
    assert before.n_bytes == len(data)
    assert abs(before.modified - datetime.now(UTC)) < timedelta(minutes=1)
    with store.open(RAW, "large") as file:
        file.seek(-8, io.SEEK_END)
        assert file.read() == data[-8:]
        file.seek(300)
        assert file.read(4) == data[300:304]
        assert file.tell() == 304
        assert sha256_of(file) == sha256_of(data)
        assert store.stat(RAW, "large") == before
        store.put(RAW, "large", data[::-1])
        assert store.stat(RAW, "large").tag != before.tag
        file.seek(0)
        assert _read(file) in {data, "large in p300-raw-data was replaced while it was read: run again"}
    for ask in (store.stat, store.get, lambda *where: store.open(*where).__enter__()):
        with pytest.raises(NotFound, match="there is no small"):
            ask(RAW, "small")
    store.put(RAW, "empty", b"")
    with store.open(RAW, "empty") as file:
        assert file.read() == b""


def _read(file: BinaryIO) -> bytes | str:
    try:
        return file.read()
    except Unavailable as error:
        return str(error)


def test_what_is_erased_leaves_no_version(store: ObjectStore) -> None:
    store.make_bucket(RAW)
    if isinstance(store, s3.S3Store):
        store.keep_versions(RAW)
    for data in (b"old", b"new"):
        store.put(RAW, "subject_01/object", data)
    store.put(RAW, "subject_01/deleted", b"x")
    store.delete(RAW, "subject_01/deleted")
    store.put(RAW, "subject_010/object", b"another person's")
    assert store.erase(RAW, "subject_01/") >= 1
    assert store.list(RAW) == ["subject_010/object"]
    assert store.erase(RAW, "subject_01/") == 0
    assert store.erase("p300-nothing", "subject_01/") == 0


def _rewrite(url: str, old: bytes, new: bytes) -> None:
    store = open_store(url)
    for _ in range(20):
        store.put(RAW, "object", new)
        store.put(RAW, "object", old)
