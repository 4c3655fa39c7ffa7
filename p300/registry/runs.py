"""A run that is under way: what it logs shows in MLflow at once."""

import io
import json
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

from p300.errors import P300Error
from p300.registry.connection import Connection
from p300.registry.processes import Process
from p300.registry.records import FAILURE_TAG, PROCESS_TAG, RUN_KINDS, RunKind, experiment_name, figure_file

if TYPE_CHECKING:  # an image that only simulates holds no matplotlib
    from matplotlib.figure import Figure

FIGURE_DPI = 120
_LONGEST_DIGEST = 36
# What MLflow takes in one request.
_PARAMS_A_BATCH = 100
_METRICS_A_BATCH = 1000
_RUNS_AT_ONCE = 100
_ABANDONED_S = 24 * 3600.0
_LONGEST_FAILURE = 500

logger = logging.getLogger(__name__)


class Run:
    """One MLflow run. Made by `Registry.start_run`; every call raises as `Registry` does."""

    def __init__(self, connection: Connection, experiment_id: str, run_id: str) -> None:
        self._connection = connection
        self.experiment_id = experiment_id
        self.run_id = run_id

    def log_params(self, params: Mapping[str, object]) -> None:
        entities = [Param(key, str(value)) for key, value in params.items()]
        with self._connection.speaking():
            for start in range(0, len(entities), _PARAMS_A_BATCH):
                self._connection.client.log_batch(self.run_id, params=entities[start : start + _PARAMS_A_BATCH])

    def log_metrics(self, metrics: Mapping[str, float], *, model_id: str | None = None) -> None:
        """Log numbers of this run, and of a logged model with them where its id is given."""
        now_ms = time.time_ns() // 1_000_000
        entities = [
            Metric(key, float(value), now_ms, 0, model_id=model_id, run_id=self.run_id)
            for key, value in metrics.items()
        ]
        with self._connection.speaking():
            for start in range(0, len(entities), _METRICS_A_BATCH):
                self._connection.client.log_batch(self.run_id, metrics=entities[start : start + _METRICS_A_BATCH])

    def log_dataset(self, name: str, *, digest: str, source: str) -> None:
        """Name the data that the run learns from, by a digest of its content."""
        dataset = Dataset(name, digest[:_LONGEST_DIGEST], source_type="p300", source=json.dumps({"url": source}))
        inputs = [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])]
        with self._connection.speaking():
            self._connection.client.log_inputs(self.run_id, datasets=inputs)

    def log_json(self, name: str, content: object) -> None:
        self.log_bytes(name, json.dumps(content, indent=2).encode())

    def log_figure(self, name: str, figure: "Figure") -> None:
        """Log a figure as a PNG of this name in the run's folder of figures."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415

        image = io.BytesIO()
        figure.set_dpi(FIGURE_DPI)
        # `savefig` draws and lays out everything once more before.
        FigureCanvasAgg(figure).print_png(image)  # type: ignore[no-untyped-call]
        self.log_bytes(figure_file(name), image.getvalue())

    def log_bytes(self, name: str, data: bytes) -> None:
        """Log an artifact; the name may have folders, as in ``figures/roc.png``."""
        path = PurePosixPath(name)
        with tempfile.TemporaryDirectory() as folder, self._connection.speaking():
            file = Path(folder) / path.name
            file.write_bytes(data)
            parent = None if path.parent == PurePosixPath() else str(path.parent)
            self._connection.client.log_artifact(self.run_id, str(file), parent)


@contextmanager
def start_run(connection: Connection, name: str, kind: RunKind, tags: Mapping[str, str]) -> Iterator[Run]:
    """Start a run, in the experiment of its kind; an error inside ends it as FAILED.

    It says which process began it, and first ends what such a process left RUNNING that is gone.
    """
    with connection.speaking():
        experiment_id = connection.experiment(experiment_name(kind))
        _close_abandoned_runs(connection)
        process = {PROCESS_TAG: str(Process.here())}
        entity = connection.client.create_run(experiment_id, run_name=name, tags=process | dict(tags))
    run = Run(connection, experiment_id, entity.info.run_id)
    try:
        yield run
    except BaseException as error:
        status = "FAILED" if isinstance(error, Exception) else "KILLED"
        _end_badly(connection, run.run_id, status, f"{type(error).__name__}: {error}")
        raise
    with connection.speaking():
        connection.client.set_terminated(run.run_id, "FINISHED")


def _close_abandoned_runs(connection: Connection) -> None:
    """End as KILLED what was left RUNNING; a process that cannot be seen from here is given a day."""
    experiments = [connection.client.get_experiment_by_name(experiment_name(kind)) for kind in RUN_KINDS]
    running = connection.client.search_runs(
        [experiment.experiment_id for experiment in experiments if experiment is not None],
        filter_string="attributes.status = 'RUNNING'",
        max_results=_RUNS_AT_ONCE,
    )
    for run in running:
        process = Process.parse(run.data.tags.get(PROCESS_TAG, ""))
        age_s = time.time() - run.info.start_time / 1000
        if age_s > _ABANDONED_S or (process is not None and process.is_gone()):
            _end_badly(connection, run.info.run_id, "KILLED", "its process ended without a word")


def _end_badly(connection: Connection, run_id: str, status: str, reason: str) -> None:
    try:
        with connection.speaking():
            connection.client.set_tag(run_id, FAILURE_TAG, reason[:_LONGEST_FAILURE])
            connection.client.set_terminated(run_id, status)
    except P300Error as error:
        logger.warning("run %s could not be marked as %s: %s", run_id, status, error)
