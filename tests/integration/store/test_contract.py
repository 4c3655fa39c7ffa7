"""What every store does, the folder and both S3 servers: whole objects or none, and one answer to what is missing."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from p300.errors import InvalidInput, NotFound
from p300.jobs.platform.provision import Plan
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


def _rewrite(url: str, old: bytes, new: bytes) -> None:
    store = open_store(url)
    for _ in range(20):
        store.put(RAW, "object", new)
        store.put(RAW, "object", old)
