"""Everything that the embedded world stores, under the names that it has on a server."""

from pathlib import Path

from p300.store.folder import FolderStore
from p300.store.layout import ARTIFACTS, object_path


class EmbeddedStore(FolderStore):
    """The embedded store, and MLflow's folder of artifacts as the bucket that it is on a server."""

    def __init__(self, root: str | Path, artifacts: Path) -> None:
        super().__init__(root)
        self.artifacts = artifacts

    def buckets(self) -> list[str]:
        found = {*super().buckets()} - {ARTIFACTS}
        return sorted(found | {ARTIFACTS} if self.artifacts.is_dir() else found)

    def _path(self, bucket: str, key: str = "") -> Path:
        path = object_path(bucket, key)
        return self.artifacts / path.relative_to(bucket) if bucket == ARTIFACTS else self.root / path
