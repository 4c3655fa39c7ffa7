"""The last version of an alias that loaded, kept on disk for a start while MLflow is away."""

import shutil
import tempfile
from pathlib import Path

from pydantic import ValidationError

from p300.wire import ModelIdentity

_POINTER = "last_good.json"


class LastGood:
    """One folder for one alias and one process: model folders, and a file that names the good one.

    Parameters
    ----------
    folder : Path
        Made when the first version arrives.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, identity: ModelIdentity) -> Path:
        """Where the model folder of a version lies, or is to be put."""
        return self._folder / f"version-{identity.version}-{identity.run_id[:12]}"

    def is_writable(self) -> bool:
        """Whether anything can be kept: on a read-only disk versions serve all the same."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder):
                return True
        except OSError:
            return False

    def read(self) -> ModelIdentity | None:
        """The version that was kept, or None where there is none to be found."""
        try:
            return ModelIdentity.model_validate_json((self._folder / _POINTER).read_bytes())
        except (OSError, ValidationError):
            return None

    def keep(self, identity: ModelIdentity) -> None:
        """Point to a version that works, and remove the others."""
        draft = self._folder / f".{_POINTER}"
        draft.write_text(identity.model_dump_json())
        draft.replace(self._folder / _POINTER)
        self._remove_all_but(self.place(identity))

    def forget(self) -> None:
        """Keep nothing: the alias was taken away, so nobody may answer for it after a restart either."""
        (self._folder / _POINTER).unlink(missing_ok=True)
        self._remove_all_but(None)

    def discard(self, identity: ModelIdentity) -> None:
        """Remove a model folder that does not load, so that the next try brings a new copy."""
        shutil.rmtree(self.place(identity), ignore_errors=True)

    def _remove_all_but(self, kept: Path | None) -> None:
        for folder in self._folder.glob("version-*"):
            if folder != kept:
                shutil.rmtree(folder, ignore_errors=True)
