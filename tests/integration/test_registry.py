"""Runs, versions and aliases in a real MLflow: in a file of our own, and behind a real server."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from p300.domain import CHALLENGER, CHAMPION, Float32s, SubjectId
from p300.domain.recipe import Recipe
from p300.errors import InvalidInput, NotFound, P300Error, Unavailable
from p300.registry import ModelCard, ModelVersion, Registry, TrainedModel, load_estimator, read_card, read_overview
from p300.registry.records import Origin

RNG = np.random.default_rng(3)
FEATURES = RNG.standard_normal((60, 8)).astype(np.float32)
LABELS = np.where(np.arange(60) % 5 == 0, 2, 1)
CARD = ModelCard((SubjectId(1), SubjectId(4)), Recipe(), ("Cz", "Pz"))


def _model(estimator: object | None = None) -> TrainedModel:
    fitted = (estimator or make_pipeline(StandardScaler(), LinearDiscriminantAnalysis())).fit(FEATURES, LABELS)  # type: ignore[attr-defined]
    return TrainedModel(fitted, CARD, FEATURES[:2], {"loso_auc": 0.8}, Origin(candidate="lda"))


def _register(registry: Registry) -> ModelVersion:
    with registry.start_run("training", kind="training") as run:
        return registry.register(run, _model())


@pytest.fixture(scope="module", params=["file", "mlflow_server", "mlflow_on_postgres"])
def tracking_uri(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param != "file":
        return str(request.getfixturevalue(request.param))
    return f"sqlite:///{tmp_path_factory.mktemp('a folder') / 'made' / 'mlflow.db'}"


@pytest.fixture
def registry(tracking_uri: str, request: pytest.FixtureRequest) -> Registry:
    """A model of the test's own, so that tests may share an MLflow."""
    return Registry(tracking_uri, model_name=request.node.originalname)


def test_nothing_is_registered_at_first(registry: Registry) -> None:
    registry.delete_alias(CHAMPION)
    assert registry.version_under(CHAMPION) is None
    assert registry.versions() == []


def test_version_carries_all_that_others_need(registry: Registry, tmp_path: Path) -> None:
    model = _model()
    with registry.start_run("training", kind="training") as run:
        run.log_params({"candidate": "lda", "shrinkage": 0.1})
        run.log_json("search.json", [1, 2])
        run.log_figure("roc", Figure(figsize=(1, 1)))
        run.log_dataset("features", digest="a" * 64, source="folder")
        version = registry.register(run, model)
    assert registry.versions() == [version]
    assert (version.version, version.tags, version.aliases) == (1, {"candidate": "lda"}, ())
    assert registry.training_subjects(version) == (1, 4)
    assert registry.metrics(version) == {"loso_auc": 0.8}
    assert registry.artifact(version.run_id, "figures/roc.png").startswith(b"\x89PNG")

    folder = registry.download(version, tmp_path / "cache" / "champion")
    assert read_card(folder) == CARD
    estimator = load_estimator(folder)
    np.testing.assert_array_equal(estimator.predict_proba(FEATURES), model.estimator.predict_proba(FEATURES))


def test_registered_model_serves_as_a_plain_mlflow_model(registry: Registry, tmp_path: Path) -> None:
    pyfunc = pytest.importorskip("mlflow.pyfunc")
    folder = registry.download(_register(registry), tmp_path / "model")
    loaded = pyfunc.load_model(str(folder))
    assert loaded.metadata.signature.inputs.inputs[0].shape == (-1, 8)
    assert loaded.metadata.signature.inputs.inputs[0].type == np.float32
    np.testing.assert_array_equal(loaded.predict(FEATURES), _model().estimator.predict(FEATURES))
    with pytest.raises(Exception, match="shape"):
        loaded.predict(FEATURES[:, :5])


def test_aliases_move_in_one_step(registry: Registry) -> None:
    first, second = _register(registry), _register(registry)
    registry.set_alias(CHAMPION, first.version)
    registry.set_alias(CHALLENGER, second.version)
    registry.set_alias(CHAMPION, second.version)
    champion = registry.version_under(CHAMPION)
    assert champion is not None
    assert (champion.version, champion.run_id) == (second.version, second.run_id)
    assert [version.aliases for version in registry.versions()] == [(CHALLENGER, CHAMPION), ()]
    registry.delete_alias(CHAMPION)
    registry.delete_alias(CHAMPION)
    assert registry.version_under(CHAMPION) is None
    with pytest.raises(NotFound):
        registry.set_alias(CHAMPION, 99)


def test_failed_run_says_so_and_leaves_no_version(registry: Registry) -> None:
    with pytest.raises(P300Error), registry.start_run("training", kind="training") as run:
        registry.register(run, _model(KNeighborsClassifier(metric=_distance)))
    assert registry.versions() == []
    finished = registry._client.get_run(run.run_id)
    assert finished.info.status == "FAILED"
    assert finished.data.tags["failure"]


def _distance(first: Float32s, second: Float32s) -> float:
    """A function of this module: nothing that a loader should run for a stranger."""
    return float(np.abs(first - second).sum())


def test_threads_share_a_registry(registry: Registry, tmp_path: Path) -> None:
    version = _register(registry)
    registry.set_alias(CHAMPION, version.version)
    with ThreadPoolExecutor(8) as threads:
        downloads = [threads.submit(registry.download, version, tmp_path / "same") for _ in range(8)]
        lookups = [threads.submit(registry.version_under, CHAMPION) for _ in range(16)]
        assert {found.version for found in (lookup.result() for lookup in lookups) if found} == {version.version}
        assert {download.result() for download in downloads} == {tmp_path / "same"}
    assert read_card(tmp_path / "same") == CARD
    assert [path.name for path in tmp_path.iterdir()] == ["same"]


def test_download_is_whole_or_absent(registry: Registry, tmp_path: Path) -> None:
    first, second = _register(registry), _register(registry)
    folder = registry.download(first, tmp_path / "champion")
    (folder / "mark").touch()
    assert (registry.download(first, folder) / "mark").exists(), "the same version is not brought twice"
    assert not (registry.download(second, folder) / "mark").exists(), "another version replaces it"
    gone = ModelVersion(99, second.run_id, (), {}, second.created)
    with pytest.raises(NotFound):
        registry.download(gone, tmp_path / "gone")
    assert [path.name for path in tmp_path.iterdir()] == ["champion"]


@pytest.mark.parametrize(
    ("uri", "error", "reason"),
    [
        ("http://127.0.0.1:9", Unavailable, "does not answer .*refused"),
        ("http://127.0.0.1:9", Unavailable, "MLFLOW_TRACKING_URI"),
        ("mlruns", InvalidInput, "expected a file such as sqlite:///"),
        ("sqlite:///", InvalidInput, "expected a file"),
        ("sqlite:////dev/null/mlflow.db", Unavailable, "cannot be opened"),
        (f"sqlite:///{__file__}", Unavailable, "not a database"),
    ],
)
def test_mlflow_that_cannot_be_reached(uri: str, error: type[P300Error], reason: str) -> None:
    with pytest.raises(error, match=reason):
        Registry(uri).version_under(CHAMPION)


def test_processes_that_find_no_database_make_one(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    with ThreadPoolExecutor(4) as threads:
        registries = [future.result() for future in [threads.submit(Registry, uri) for _ in range(4)]]
    assert [registry.versions() for registry in registries] == [[]] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_nothing_is_left_where_the_command_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow makes the folder that it believes its database to be in."""
    typed_in = tmp_path / "typed in"
    typed_in.mkdir()
    monkeypatch.chdir(typed_in)
    registry = Registry(f"sqlite:///{tmp_path}/50 % of it/mlflow.db")
    assert registry.versions() == []
    assert list(typed_in.iterdir()) == []


def test_foreign_types_are_not_loaded(tmp_path: Path) -> None:
    registry = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    folder = registry.download(_register(registry), tmp_path / "model")
    skops_io = pytest.importorskip("skops.io")
    skops_io.dump(subprocess.Popen, folder / "model.skops")
    (folder / "MLmodel").write_text(
        (folder / "MLmodel").read_text().replace("skops_trusted_types: []", "skops_trusted_types: [subprocess.Popen]")
    )
    with pytest.raises(InvalidInput, match="not trusted"):
        load_estimator(folder)


def test_reading_versions_needs_neither_skops_nor_a_database_driver() -> None:
    blocked = ("skops", "matplotlib", "pandas", "sqlalchemy", "pyriemann", "mne")
    program = f"import sys; sys.modules.update(dict.fromkeys({blocked!r})); from p300.registry import Registry"
    subprocess.run([sys.executable, "-c", f"{program}; Registry('http://127.0.0.1:9')"], check=True)


def test_overview_says_what_mlflows_own_client_says(registry: Registry, tracking_uri: str) -> None:
    assert read_overview(tracking_uri, model_name=registry.model_name) == []
    for number in range(3):
        with registry.start_run("training", kind="training") as run:
            run.log_params({"training_subjects": f"1,{number}"})
            run.log_metrics({"loso_mean_auc": 0.5 + number / 10, "undefined": float("nan")})
            registry.register(run, _model())
    registry.set_alias(CHALLENGER, 3)
    registry.set_alias(CHAMPION, 3)
    registry._client.delete_model_version(registry.model_name, "2")
    found = read_overview(tracking_uri, model_name=registry.model_name)
    versions = registry.versions()
    assert [version.version for version in versions] == [3, 1]
    for seen, version in zip(found, versions, strict=True):
        assert (seen.version, seen.aliases, seen.tags) == (version.version, version.aliases, version.tags)
        assert seen.created == version.created
        assert seen.params == {"training_subjects": f"1,{version.version - 1}"}
        measured = registry.metrics(version)
        assert seen.metrics == {name: value for name, value in measured.items() if name != "undefined"}
