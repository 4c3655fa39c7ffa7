"""Follows one alias: its next version is loaded and tried aside, then swapped in between two requests."""

import logging
import tempfile
import time
from dataclasses import dataclass
from math import inf
from pathlib import Path
from threading import Lock
from typing import Protocol

from p300.errors import InvalidInput, NotFound, P300Error, Refused, Unavailable
from p300.registry import ModelVersion, load_estimator, read_card, read_example
from p300.serving.metrics import Metrics
from p300.serving.models.last_good import LastGood
from p300.serving.models.predictor import Predictor
from p300.wire import AliasStatus, ModelIdentity

MAX_RETRY_S = 60.0

logger = logging.getLogger(__name__)


class Versions(Protocol):
    """What following needs of :class:`p300.registry.Registry`."""

    model_name: str

    def version_under(self, alias: str) -> ModelVersion | None: ...

    def download(self, version: ModelVersion, folder: Path) -> Path: ...


class NoModel(Unavailable):
    """Nothing answers for an alias."""

    def __init__(self, alias: str, reason: str) -> None:
        super().__init__(f"no model answers for {alias}: {reason}")


@dataclass(frozen=True)
class _Setback:
    """A version that would not load, and when to try it again."""

    identity: ModelIdentity
    n_failures: int
    retry_at_s: float


class Follower:
    """The predictor of one alias, kept at the version that the registry names.

    A request reads one reference and keeps the predictor it got, whatever is swapped meanwhile.
    :meth:`step` runs in one thread, :meth:`fall_back` may run in another.

    Parameters
    ----------
    poll_s : float
        Wait before a version that did not load is tried again; it doubles with each failure.
    """

    def __init__(self, alias: str, versions: Versions, last_good: LastGood, metrics: Metrics, *, poll_s: float) -> None:
        self.alias = alias
        self._versions = versions
        self._last_good = last_good
        self._metrics = metrics
        self._poll_s = poll_s
        self._predictor: Predictor | None = None
        self._empty = False
        self._error: str | None = None
        self._setback: _Setback | None = None
        self._fell_back = False
        self._followed = False  # whether the registry has named the version that serves
        self._swapping = Lock()

    def predictor(self) -> Predictor:
        """What answers now.

        Raises
        ------
        NoModel
            Nothing does: it says why and what to do.
        """
        predictor = self._predictor
        if predictor is not None:
            return predictor
        if self._empty:
            raise NoModel(self.alias, "no version has that alias; give it to one (p300 train, p300 promote)")
        raise NoModel(self.alias, self._error or "the service is starting; ask again in a few seconds")

    def status(self) -> AliasStatus:
        predictor = self._predictor
        if predictor is None:
            return AliasStatus(state="empty" if self._empty else "starting", error=self._error)
        identity = predictor.identity
        return AliasStatus(state="serving", version=identity.version, run_id=identity.run_id, error=self._error)

    def step(self) -> None:
        """Ask the registry once and follow what it says. Raises nothing: what fails is logged and reported."""
        try:
            self._step()
        except Exception as error:  # noqa: BLE001  (outermost boundary of a thread)
            self._report("cannot follow the alias", error)

    def fall_back(self) -> None:
        """Serve the last good version from disk, once, if nothing is served and nothing forbids it. Raises nothing."""
        with self._swapping:
            if self._predictor or self._empty or self._fell_back:
                return
            self._fell_back = True
        identity = self._last_good.read()
        if identity is None:
            return
        try:
            predictor = load_predictor(self._last_good.place(identity), identity)
        except Exception as error:  # noqa: BLE001  (outermost boundary of a thread)
            self._report(f"version {identity.version} on disk does not load", error)
            return
        with self._swapping:
            if self._predictor is None and not self._empty:
                logger.warning("%s: the registry has not answered, so the last good version serves", self.alias)
                self._swap(predictor)

    def _step(self) -> None:
        try:
            version = self._versions.version_under(self.alias)
        except NotFound as error:  # the alias is there, and its version is not
            self._metrics.registry_up.labels(self.alias).set(1)
            self._empty = False
            self._report("cannot follow the alias", error)
            self.fall_back()
        except Exception as error:  # noqa: BLE001  (whatever it is, the last good version goes on)
            self._metrics.registry_up.labels(self.alias).set(0)
            self._report("cannot ask the registry", error)
            self.fall_back()
        else:
            self._metrics.registry_up.labels(self.alias).set(1)
            if version is None:
                self._leave()
            else:
                self._follow(version)

    def _follow(self, version: ModelVersion) -> None:
        identity = ModelIdentity(
            name=self._versions.model_name, alias=self.alias, version=version.version, run_id=version.run_id
        )
        if self._predictor and self._predictor.identity == identity:
            self._followed = True
            self._error = self._setback = None
            return
        setback = self._setback
        if setback and setback.identity == identity and time.monotonic() < setback.retry_at_s:
            return
        try:
            predictor = self._bring(version, identity)
            self._require_same_input(predictor)
        except Refused as error:
            self._set_back(identity, inf, f"version {identity.version} is not put in service", error)
        except Exception as error:  # noqa: BLE001  (a model may fail in any way; the old one goes on)
            n_failures = setback.n_failures + 1 if setback and setback.identity == identity else 1
            wait_s = min(self._poll_s * 2**n_failures, MAX_RETRY_S)
            what = f"version {identity.version} does not load (tried {n_failures} times)"
            self._set_back(identity, wait_s, what, error, n_failures)
        else:
            with self._swapping:
                self._empty = False
                self._followed = True
                self._error = self._setback = None
                self._swap(predictor)
            self._keep(identity)

    def _bring(self, version: ModelVersion, identity: ModelIdentity) -> Predictor:
        if self._last_good.is_writable():
            return load_predictor(self._versions.download(version, self._last_good.place(identity)), identity)
        with tempfile.TemporaryDirectory() as folder:
            return load_predictor(self._versions.download(version, Path(folder) / "version"), identity)

    def _require_same_input(self, predictor: Predictor) -> None:
        """Refuse what every client of the version in service would be refused by.

        The first version that the registry names is served whatever it takes: that is how a restart changes it.
        """
        current = self._predictor
        if current is not None and self._followed and current.n_features != predictor.n_features:
            raise Refused(
                f"it takes {predictor.layout} features, and version {current.identity.version} in service takes "
                f"{current.layout}, which is what clients send; to change that, restart the service, or take the alias "
                "away before it is given to this version"
            )

    def _set_back(
        self, identity: ModelIdentity, wait_s: float, what: str, error: Exception, n_failures: int = 1
    ) -> None:
        self._setback = _Setback(identity, n_failures, time.monotonic() + wait_s)
        self._metrics.load_failures.labels(self.alias).inc()
        self._last_good.discard(identity)
        self._report(what, error)

    def _leave(self) -> None:
        with self._swapping:
            if not self._empty:
                logger.warning("%s: no version has this alias, so nothing answers for it", self.alias)
            self._empty = True
            self._error = self._setback = None
            self._swap(None)
        try:
            self._last_good.forget()
        except OSError as error:
            logger.warning("%s: what is kept for the next start cannot be removed: %s", self.alias, error)

    def _swap(self, predictor: Predictor | None) -> None:
        old, self._predictor = self._predictor, predictor
        if old is not None:
            self._metrics.retire(old.identity)
        if predictor is not None:
            self._metrics.serve(predictor.identity)
            logger.info(
                "%s: version %d answers from now on (%s features, run %s)",
                self.alias,
                predictor.identity.version,
                predictor.layout,
                predictor.identity.run_id,
            )

    def _keep(self, identity: ModelIdentity) -> None:
        try:
            self._last_good.keep(identity)
        except OSError as error:
            logger.warning("%s: version %d is not kept for the next start: %s", self.alias, identity.version, error)

    def _report(self, what: str, error: Exception) -> None:
        sentence = f"{what}: {error}"
        if sentence != self._error:
            logger.warning("%s: %s", self.alias, sentence, exc_info=not isinstance(error, P300Error))
        self._error = sentence


def load_predictor(folder: Path, identity: ModelIdentity) -> Predictor:
    """Load a downloaded model folder and let it answer once."""
    try:
        n_channels = len(read_card(folder).channel_names)
    except InvalidInput:  # registered by others: only sentences about lengths know less
        n_channels = None
    try:
        example = read_example(folder)
    except InvalidInput as error:  # noise has to do
        logger.warning("%s: version %d is tried without its example: %s", identity.alias, identity.version, error)
        example = None
    return Predictor.prepare(load_estimator(folder), identity, n_channels=n_channels, example=example)
