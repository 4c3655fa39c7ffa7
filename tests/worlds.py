"""A world that can be backed up without a server: a store, and a database that is a text file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from p300.jobs.platform.worlds import World
from p300.store.objects import ObjectStore


@dataclass
class FileDatabase:
    """A database that is a file: one row a line."""

    file: Path
    name: str = "mlflow"
    suffix: str = "pgdump"
    exists: bool = True
    running: list[str] = field(default_factory=lambda: ["mlflow-server"])
    pauses: list[str] = field(default_factory=list)

    def dump(self, file: Path) -> None:
        file.write_bytes(self.file.read_bytes())

    def restore(self, file: Path) -> None:
        self.file.write_bytes(file.read_bytes())

    def n_rows(self) -> dict[str, int]:
        return {"runs": len(self.file.read_text().splitlines())}

    def users(self) -> list[str]:
        return self.running

    @contextmanager
    def paused(self, users: list[str]) -> Iterator[None]:
        self.pauses.append(f"stopped {' '.join(users)}")
        yield
        self.pauses.append(self.file.read_text())


def file_database(file: Path, rows: str = "") -> FileDatabase:
    file.write_text(rows)
    return FileDatabase(file)


def world_of(store: ObjectStore, databases: Sequence[FileDatabase] = ()) -> World:
    return World("dev", store, databases, "make down VOLUMES=1 and make up")
