"""Demo: the whole life of a classifier on one machine, from recordings to a challenged champion."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from p300.domain import CHALLENGER, CHAMPION, SubjectId
from p300.domain.recipe import Recipe
from p300.errors import InvalidInput, PartialFailure, Refused
from p300.jobs.judging.compare import compare_versions
from p300.jobs.judging.evaluate import Evaluation, Simulation, evaluate
from p300.jobs.judging.promote import promote
from p300.jobs.judging.report import report
from p300.jobs.recordings.ingest import ingest, land
from p300.jobs.recordings.preprocess import preprocess
from p300.jobs.recordings.source import survey
from p300.jobs.recordings.synth import synth
from p300.jobs.training.train import STEPS, TrainedVersion, Training, train
from p300.registry import Registry
from p300.registry.database import SQLITE_PREFIX
from p300.rollout.verdict import Verdict
from p300.serving.process import served
from p300.settings import RegistrySettings, ServingSettings, SimulationSettings, StoreSettings
from p300.simulator.client import Endpoint
from p300.simulator.wandb_log import WandbProject
from p300.store.digest import sha256_of_file, stored_sha256
from p300.store.features import FeatureTables
from p300.store.layout import LANDING, RAW, REASON_SUFFIX, recording_key
from p300.store.objects import ObjectStore, open_store
from p300.store.subjects import stored_subjects

BATCH_SIZE = 5
FEWEST_SUBJECTS = 4
N_SYNTHETIC = 10
FIRST_SHARE, SECOND_SHARE = 0.5, 0.75

# Gives a bar that advances at each call, for work of so many steps.
Progress = Callable[[str, int], AbstractContextManager[Callable[[object], None]]]


@dataclass(frozen=True)
class DemoSettings:
    """Those of every service, because the demo is all of them."""

    store: StoreSettings
    registry: RegistrySettings
    serving: ServingSettings
    simulation: SimulationSettings


@dataclass(frozen=True)
class Walkthrough:
    """What happened: both versions, each evaluation in turn, who is better, the report and a request to try."""

    first: TrainedVersion
    second: TrainedVersion
    evaluations: tuple[Evaluation, ...]
    verdict: Verdict
    report: Path
    example_request: Path


class Demo:
    """The steps of the walkthrough in the embedded world of the settings.

    Parameters
    ----------
    data : Path or None
        A folder of subject files. Without it ten synthetic subjects are made.
    recipe : Recipe, optional
        How features are made of them; without it by the default.

    Raises
    ------
    Refused
        The settings name servers, or their store holds recordings that no demo brought.
    InvalidInput
        Fewer than four subjects in `data`.
    """

    def __init__(
        self, settings: DemoSettings, data: Path | None, progress: Progress, recipe: Recipe | None = None
    ) -> None:
        self._settings = settings
        self._recipe = recipe or Recipe()
        self._world = _World.of(settings)
        self._recordings = data or self._world.folder / "recordings"
        self._synthetic = data is None
        self._progress = progress

    def run(self) -> Walkthrough:
        if not self._synthetic:
            _require_enough(self._recordings)
        self._world.clear()
        if self._synthetic:
            self._synthesize()
        self._world.claim(self._recordings)
        store = open_store(self._settings.store.store_url)
        self._prepare(store)
        registry = Registry(self._settings.registry.mlflow_tracking_uri)
        log = self._world.folder / "serve.log"
        with served(self._settings.registry, self._settings.serving, log) as base_url:
            return self._walk(store, registry, base_url)

    def _synthesize(self) -> None:
        subjects = [SubjectId(number) for number in range(1, N_SYNTHETIC + 1)]
        with self._progress("making synthetic recordings", len(subjects)) as advance:
            synth(self._recordings, subjects, workers=_cores(), overwrite=True, on_done=advance)

    def _prepare(self, store: ObjectStore) -> None:
        """Batch after batch lands, is ingested and preprocessed, as the scheduler would do it day by day."""
        while (landed := land(self._recordings, store, batch_size=BATCH_SIZE)).subjects:
            subjects = landed.subjects
            with self._progress(f"ingesting subjects {subjects[0]}-{subjects[-1]}", len(subjects)) as advance:
                done = ingest(store, batch_size=BATCH_SIZE, on_done=advance)
            if failed := landed.problems | done.rejected:
                raise PartialFailure("ingested", failed)
            with self._progress(f"preprocessing subjects {subjects[0]}-{subjects[-1]}", len(subjects)) as advance:
                preprocess(store, self._recipe, subjects=subjects, workers=_cores(), on_done=advance)

    def _walk(self, store: ObjectStore, registry: Registry, base_url: str) -> Walkthrough:
        subjects = stored_subjects(store, RAW)
        for_both = subjects[int(SECOND_SHARE * len(subjects)) :]
        for_first = subjects[int(FIRST_SHARE * len(subjects)) : len(subjects) - len(for_both)]

        def ask(alias: str, whom: Sequence[SubjectId]) -> Evaluation:
            simulation = self._settings.simulation
            project = WandbProject(simulation.wandb_project, simulation.wandb_dir)
            with self._progress(f"asking the {alias} about subjects {', '.join(map(str, whom))}", len(whom)) as advance:
                about = Simulation(Endpoint(base_url, alias), whom)
                return evaluate(about, store, registry, project, on_subject=advance)

        first = self._train(store, registry, FIRST_SHARE)
        evaluations = [ask(CHALLENGER, for_first or for_both)]
        promote(registry)
        evaluations.append(ask(CHAMPION, for_both[1:] or for_both))
        second = self._train(store, registry, SECOND_SHARE)
        evaluations += [ask(CHAMPION, for_both), ask(CHALLENGER, for_both)]
        verdict = compare_versions(registry, first.version, second.version).verdict
        with self._progress("writing the report", 1) as advance:
            page = report(store, registry, self._world.folder / "report.html")
            advance(page)
        example = _write_example(store, for_both[0], self._world.folder / "example_request.json")
        return Walkthrough(first, second, tuple(evaluations), verdict, page, example)

    def _train(self, store: ObjectStore, registry: Registry, share: float) -> TrainedVersion:
        training = Training(share=share, set_challenger_alias=True)
        with self._progress(f"training on {share:.0%} of the subjects", len(STEPS)) as advance:
            return train(training, store, registry, on_step=advance)


@dataclass(frozen=True)
class _World:
    """The folders and files that a demo makes anew, and the note of which recordings it brought."""

    folder: Path
    owned: tuple[Path, ...]
    store: ObjectStore

    @classmethod
    def of(cls, settings: DemoSettings) -> "_World":
        store_url, tracking_uri = settings.store.store_url, settings.registry.mlflow_tracking_uri
        if "://" in store_url or not tracking_uri.startswith(SQLITE_PREFIX):
            raise Refused(
                "the demo is for the embedded world: unset P300_STORE_URL and MLFLOW_TRACKING_URI, "
                f"which are {store_url!r} and {tracking_uri!r}"
            )
        database = Path(tracking_uri.removeprefix(SQLITE_PREFIX))
        folder = database.parent
        owned = (Path(store_url), database, folder / "mlartifacts", folder / "recordings", settings.serving.cache_dir)
        return cls(folder, owned, open_store(store_url))

    @property
    def _note(self) -> Path:
        return self.folder / "demo.json"

    def clear(self) -> None:
        """Remove what an earlier demo made. Recordings that it did not bring are never removed."""
        if not self._note.exists() and any(path.exists() for path in self.owned):
            raise Refused(self._in_use("is in use already"))
        brought = set(json.loads(self._note.read_text()).values()) if self._note.exists() else set()
        foreign = [
            f"{bucket}/{key}"
            for bucket in (LANDING, RAW)
            for key in self.store.list(bucket)
            if not key.endswith(REASON_SUFFIX) and stored_sha256(self.store, bucket, key) not in brought
        ]
        if foreign:
            raise Refused(self._in_use(f"holds {foreign[0]}, which no demo brought"))
        self._write_note({})
        for path in self.owned:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def claim(self, recordings: Path) -> None:
        """Note which recordings this demo brings, before it brings them."""
        found = survey(recordings).recordings
        self._write_note({recording_key(subject): sha256_of_file(path) for subject, path in found.items()})

    def _write_note(self, brought: Mapping[str, str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._note.write_text(json.dumps(brought, indent=2))

    def _in_use(self, what: str) -> str:
        return (
            f"the demo would begin anew in {self.folder}, but it {what}: move the folder away, or set "
            "P300_STORE_URL, MLFLOW_TRACKING_URI and P300_CACHE_DIR to another place"
        )


def _write_example(store: ObjectStore, subject: SubjectId, path: Path) -> Path:
    """The first Target epoch of a subject, as the body of a prediction request."""
    table = FeatureTables(store, [subject])[subject]
    features = table.features[table.targets][0]
    path.write_text(json.dumps({"features": [float(str(value)) for value in features]}))
    return path


def _require_enough(recordings: Path) -> None:
    n_subjects = len(survey(recordings).recordings)
    if n_subjects < FEWEST_SUBJECTS:
        raise InvalidInput(
            f"there are recordings of {n_subjects} subjects in {recordings}, and the demo needs at least "
            f"{FEWEST_SUBJECTS}: two to train on, and others that judge"
        )


def _cores() -> int:
    return os.cpu_count() or 1
