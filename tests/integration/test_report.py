"""The report is written whatever the recordings and answers are like, and reads each answer once."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from p300.domain import CHALLENGER, CHAMPION, Recipe, SubjectId
from p300.jobs.judging.report import report
from p300.jobs.training.train import Training, train
from p300.model.answers import Answers, Flashes, Missed, SubjectAnswers
from p300.registry import ModelCard, Registry, Simulation, TrainedModel
from p300.registry.records import ANSWERS_FILE, SimulationRun, simulation_metrics
from p300.store.features import encode_features
from p300.store.layout import FEATURES, features_key
from p300.store.objects import ObjectStore
from tests.builders import make_table

RECIPE = Recipe(window_s=(0.0, 0.05), baseline_s=None)


class CountingRegistry(Registry):
    """Notes which simulation's answers were fetched."""

    def __init__(self, tracking_uri: str) -> None:
        super().__init__(tracking_uri)
        self.fetched: list[str] = []

    def answers(self, simulation: Simulation) -> Answers:
        self.fetched.append(simulation.run_id)
        return super().answers(simulation)


@pytest.fixture
def registry(tmp_path: Path) -> CountingRegistry:
    """Two versions, each asked about two subjects: of one there is a single Target."""
    registry = CountingRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    features = np.random.default_rng(1).standard_normal((40, 3)).astype(np.float32)
    estimator = LinearDiscriminantAnalysis().fit(features, np.arange(40) % 2 + 1)
    for version, alias in ((1, CHAMPION), (2, CHALLENGER)):
        with registry.start_run("training", kind="training") as run:
            card = ModelCard((SubjectId(1),), RECIPE, ("Cz",))
            registered = registry.register(run, TrainedModel(estimator, card, features[:1]))
        registry.set_alias(alias, version)
        rng = np.random.default_rng(version)
        answers = Answers(
            {
                SubjectId(subject): SubjectAnswers(
                    Flashes(np.arange(60) < n_targets, Missed(0, 6)), rng.random(60).astype(np.float32)
                )
                for subject, n_targets in ((6, 10), (7, 1))
            }
        )
        about = SimulationRun(alias, version, registered.run_id, "http://here", tuple(answers), ())
        with registry.start_run("asked", kind="simulation", tags=about.tags()) as asked:
            asked.log_metrics(simulation_metrics(answers, 1.0))
            asked.log_json(ANSWERS_FILE, answers.to_json())
    return registry


def _store_table(store: ObjectStore, subject: int, channel_names: tuple[str, ...]) -> None:
    rng = np.random.default_rng(subject)
    labels = np.where(np.arange(60) % 6 == 0, 2, 1)
    table = make_table(
        rng.standard_normal((60, 6 * len(channel_names))),
        labels,
        recipe=RECIPE,
        channel_names=channel_names,
        raw_sha256=f"{subject:064d}",
    )
    store.make_bucket(FEATURES)
    store.put(FEATURES, features_key(SubjectId(subject)), encode_features(table))


def test_subject_with_a_single_target_is_left_out_of_the_comparison_only(
    store: ObjectStore, registry: CountingRegistry, tmp_path: Path
) -> None:
    page = report(store, registry, tmp_path / "report.html").read_text()
    assert "on subjects 6:" in page, "the comparison is about the others"
    assert "6-7" in page, "what was asked is told of both"
    assert "90.9%" in page, "so is the share of flashes that was kept"
    assert len(registry.fetched) == len(set(registry.fetched)) == 2


def test_half_a_character_in_a_channel_name_stops_nobody(store: ObjectStore, tmp_path: Path) -> None:
    for subject in (1, 2, 3):
        _store_table(store, subject, ("Cz", "P\ud800z"))
    registry = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    trained = train(Training(), store, registry)
    assert registry.card(trained.version).channel_names == ("Cz", "P\ufffdz")
    assert "P\ufffdz" in registry.provenances(trained.version)[SubjectId(1)].channel_names
    assert report(store, registry, tmp_path / "report.html").is_file()
