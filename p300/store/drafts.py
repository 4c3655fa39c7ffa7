"""Drafts: files that are being written, hidden until they are whole. Those of writers who died are swept away."""

import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# What is being written, and what desktop systems leave behind, is hidden and no object.
HIDDEN = "."


_DRAFT = re.compile(r"\..+\.[0-9a-f]{32}")


@contextmanager
def drafted(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path`, to be written and moved there by its name; what is left of it in the end is removed.

    It is locked as long as its writer lives.
    """
    with _create(path) as file:
        try:
            yield file
        finally:
            Path(file.name).unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove the drafts below a folder that no living writer holds."""
    for parent, _, names in os.walk(folder):
        for name in filter(_DRAFT.fullmatch, names):
            try:
                with Path(parent, name).open("rb") as file:
                    if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                        Path(file.name).unlink()
            except OSError:  # it was whole meanwhile, or it is another user's
                continue


def _create(path: Path) -> BinaryIO:
    while True:
        # A delete may empty the folder and take it away between the two lines.
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Made by open, and so with the rights that the user's umask gives, where a temporary file is its
            # maker's alone: containers read these folders as other users.
            file = path.with_name(f"{HIDDEN}{path.name}.{uuid.uuid4().hex}").open("xb")
        except FileNotFoundError:
            continue
        _lock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # somebody swept it before it was locked


def _lock(file: BinaryIO | int, how: int) -> bool:
    """False where another holds it, or where the file system knows no locks: then nothing is swept."""
    try:
        fcntl.flock(file, how)
    except OSError:
        return False
    return True


@contextmanager
def drafted_folder(parent: Path, kind: str) -> Iterator[Path]:
    """A new folder below `parent`, as :func:`drafted` has a new file; what the dead left of the same kind is removed.

    What is made in it is moved away when it is whole.
    """
    folder, descriptor = _create_folder(parent, kind)
    try:
        _sweep_folders(parent, kind)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _create_folder(parent: Path, kind: str) -> tuple[Path, int]:
    while True:
        folder = parent / f"{HIDDEN}{kind}.{uuid.uuid4().hex}"
        folder.mkdir(mode=0o700, parents=True)
        with suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY)
            _lock(descriptor, fcntl.LOCK_EX)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)  # somebody swept it before it was locked


def _sweep_folders(parent: Path, kind: str) -> None:
    for folder in parent.glob(f"{HIDDEN}{kind}.*"):
        with suppress(FileNotFoundError, PermissionError):
            descriptor = os.open(folder, os.O_RDONLY)
            if _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)
