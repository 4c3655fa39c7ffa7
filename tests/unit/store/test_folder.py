"""What the folder says of disks that refuse, and what it leaves behind when a writer dies."""

import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from p300.errors import NotFound, Unavailable
from p300.store.drafts import drafted
from p300.store.folder import FolderStore
from p300.store.layout import RAW
from tests.containers import do_without

NOBODY = 65534
KEY = "subject_01/object"


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """A small file system of its own at a folder."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        do_without("only root can mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-o", "size=1m") as disk:
        store = FolderStore(disk)
        store.put(RAW, KEY, b"old")
        for form in (bytes, io.BytesIO):
            with pytest.raises(Unavailable, match=rf"{KEY} in {RAW} could not be written below {disk}: No space left"):
                store.put(RAW, KEY, form(b"x" * 2_000_000))
            with pytest.raises(Unavailable, match="No space left"):
                store.put_new(RAW, "new", form(b"x" * 2_000_000))
        assert [path.name for path in disk.rglob("*") if path.is_file()] == ["object"]
        assert store.get(RAW, KEY) == b"old"


def test_a_disk_that_may_only_be_read_is_said(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        store = FolderStore(disk)
        store.put(RAW, KEY, b"old")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert store.get(RAW, KEY) == b"old"
        for refused in (lambda: store.put(RAW, "new", b"x"), lambda: store.delete(RAW, KEY)):
            with pytest.raises(Unavailable, match=f"{disk}: Read-only file system"):
                refused()
        with pytest.raises(Unavailable, match="the bucket p300-other could not be made .* Read-only file system"):
            store.make_bucket("p300-other")


@pytest.mark.parametrize(
    ("mode", "work", "said"),
    [
        (0o000, lambda store: store.list(RAW), f"the bucket {RAW} could not be listed"),
        (0o000, lambda store: store.get(RAW, KEY), f"{KEY} in {RAW} could not be read"),
        (0o555, lambda store: store.put(RAW, "other", b"x"), f"other in {RAW} could not be written"),
        (0o000, lambda store: store.exists(RAW, KEY), f"{KEY} in {RAW} could not be looked for"),
    ],
)
def test_what_a_user_may_not_do_is_said(mode: int, work: Callable[[FolderStore], object], said: str) -> None:
    root = Path(tempfile.mkdtemp(dir="/tmp"))  # a folder that nobody can reach, as pytest's is not
    try:
        root.chmod(0o755)
        FolderStore(root).put(RAW, KEY, b"old")
        (root / RAW).chmod(mode)
        with pytest.raises(Unavailable, match=f"{said} below {root}: Permission denied"):
            _as_nobody(lambda: work(FolderStore(root)))
    finally:
        (root / RAW).chmod(0o755)
        shutil.rmtree(root)


def _as_nobody(work: Callable[[], object]) -> None:
    """Do it with the rights of an ordinary user: no mode stops root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        work()
    finally:
        os.seteuid(before)


def test_what_is_no_file_is_no_object(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    (tmp_path / RAW / "folder").mkdir(parents=True)
    os.mkfifo(tmp_path / RAW / "fifo")
    (tmp_path / RAW / "loop").symlink_to("loop")
    assert store.list(RAW) == []
    for key in ("folder", "loop", "folder/below/nothing"):
        with pytest.raises(NotFound, match=f"there is no {key}"):
            store.get(RAW, key)
        assert not store.exists(RAW, key)


WRITER = """
import os, signal, sys
from p300.store import folder
folder.os.fsync = lambda _file: os.kill(os.getpid(), signal.SIGKILL)
folder.FolderStore(sys.argv[1]).put("p300-raw-data", "subject_01/object", b"half")
"""


def test_what_a_killed_writer_leaves_is_hidden_and_swept_by_the_next_job(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    died = subprocess.run([sys.executable, "-c", WRITER, str(tmp_path)], check=False)
    assert died.returncode == -signal.SIGKILL
    assert len(list((tmp_path / RAW / "subject_01").iterdir())) == 1
    assert store.list(RAW) == []
    with drafted(tmp_path / RAW / "subject_01/living") as living:
        store.make_bucket(RAW)
        assert list((tmp_path / RAW / "subject_01").iterdir()) == [Path(living.name)]
    store.put(RAW, KEY, b"whole")
    assert [path.name for path in (tmp_path / RAW / "subject_01").iterdir()] == ["object"]


def test_a_file_system_without_links_takes_new_objects_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(_path: Path, _target: str) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    store = FolderStore(tmp_path)
    assert [store.put_new(RAW, KEY, data) for data in (b"first", b"second")] == [True, False]
    assert store.get(RAW, KEY) == b"first"
    assert [path.name for path in (tmp_path / RAW / "subject_01").iterdir()] == ["object"]
