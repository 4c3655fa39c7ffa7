"""From feature tables in a store to a registered version in a real MLflow."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from p300.domain import CHALLENGER, SubjectId
from p300.domain.recipe import Recipe
from p300.errors import InvalidInput, NotFound, P300Error, Refused
from p300.jobs.platform.status import status
from p300.jobs.training.plan import Plan
from p300.jobs.training.train import STEPS, Training, choose_subjects, train
from p300.model.calibration import Calibration, calibrated_by_others
from p300.model.candidates import candidate
from p300.model.validation import validate
from p300.registry import Registry, load_estimator, read_card
from p300.store.features import FeatureTables, encode_features
from p300.store.folder import FolderStore
from p300.store.layout import FEATURES, features_key
from p300.store.objects import ObjectStore
from tests.builders import make_table

N_EPOCHS = 90
CHANNELS = ("Fz", "Cz", "Pz")
RECIPE = Recipe(window_s=(0.0, 0.11), baseline_s=None)


@pytest.fixture(scope="module")
def tracking_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('train') / 'mlflow.db'}"


@pytest.fixture
def registry(tracking_uri: str, request: pytest.FixtureRequest) -> Registry:
    """A model of the test's own."""
    return Registry(tracking_uri, model_name=request.node.originalname)


@pytest.fixture
def tables(store: ObjectStore) -> FeatureTables:
    """Five processed subjects."""
    for subject in range(1, 6):
        _process(store, subject)
    return FeatureTables(store)


class CountedStore(FolderStore):
    """A store of the same folder that knows which objects were fetched, and how often."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store.url)
        self.fetched: Counter[str] = Counter()

    def get(self, bucket: str, key: str) -> bytes:
        self.fetched[key] += 1
        return super().get(bucket, key)


def _process(
    store: ObjectStore,
    subject: int,
    *,
    channels: tuple[str, ...] = CHANNELS,
    recipe: Recipe = RECIPE,
    raw_sha256: str = "",
) -> None:
    rng = np.random.default_rng(subject)
    labels = np.where(np.arange(N_EPOCHS) % 6 == 0, 2, 1).astype(np.int8)
    features = rng.standard_normal((N_EPOCHS, len(channels) * 12)).astype(np.float32)
    features[labels == 2] += 0.4
    table = make_table(
        features,
        labels,
        recipe=recipe,
        channel_names=channels,
        raw_sha256=raw_sha256 or f"{subject:064d}",
        n_flashes=N_EPOCHS + 3,
        n_incomplete=1,
        n_rejected=2,
        rejected_by_channel={"Fz": 2},
    )
    store.make_bucket(FEATURES)
    store.put(FEATURES, features_key(subject), encode_features(table))


def test_version_holds_what_was_learnt(
    store: ObjectStore, registry: Registry, tables: FeatureTables, tmp_path: Path
) -> None:
    steps: list[str] = []
    plans: list[Plan] = []
    training = Training(share=0.75, set_challenger_alias=True)
    trained = train(training, store, registry, on_step=steps.append, on_plan=plans.append)
    assert trained.subjects == (1, 2, 3)
    assert tuple(steps) == STEPS
    assert [plan.subjects for plan in plans] == [trained.subjects]

    challenger = registry.version_under(CHALLENGER)
    assert challenger is not None
    assert challenger.version == trained.version.version == 1
    assert registry.training_subjects(challenger) == (1, 2, 3)
    assert challenger.tags["recipe_hash"] == RECIPE.hash
    assert challenger.tags["candidate"] == "lda"
    assert len(challenger.tags["data_hash"]) == 64
    assert challenger.tags["code_commit"]

    folder = registry.download(challenger, tmp_path / "model")
    card = read_card(folder)
    assert (card.training_subjects, card.channel_names) == ((1, 2, 3), CHANNELS)
    assert card.recipe == RECIPE
    learnt_from = FeatureTables(store, [1, 2, 3])
    validation = validate(candidate("lda"), learnt_from)
    calibration = Calibration.of(validation)
    unseen = tables[SubjectId(5)].features
    expected = calibration.of_probabilities(candidate("lda").fit(learnt_from).predict_proba(unseen)[:, 1])
    np.testing.assert_allclose(load_estimator(folder).predict_proba(unseen)[:, 1], expected, rtol=1e-5)

    metrics = registry.metrics(challenger)
    assert metrics["calibration_slope"] == pytest.approx(calibration.slope)
    assert metrics["calibration_offset"] == pytest.approx(calibration.offset)
    assert metrics["calibration_n_subjects"] == 3
    validation = calibrated_by_others(validation)
    assert metrics["loso_mean_auc"] == pytest.approx(validation.mean_auc)
    assert metrics["loso_subject_02_auc"] == pytest.approx(validation.scores[SubjectId(2)].auc)
    assert metrics["loso_subject_02_kappa"] == pytest.approx(validation.scores[SubjectId(2)].kappa)
    assert metrics["loso_pooled_true_positives"] == validation.pooled.confusion[1, 1]
    for figure in ("evoked", "roc", "auc", "scores", "confusion", "rejections"):
        assert registry.artifact(challenger.run_id, f"figures/{figure}.png").startswith(b"\x89PNG")
    assert json.loads(registry.artifact(challenger.run_id, "training_subjects.json")) == [1, 2, 3]
    assert Recipe.from_json(registry.artifact(challenger.run_id, "recipe.json").decode()) == RECIPE


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("name", ["lda", "toeplitz-lda", "ensemble"])
def test_training_fetches_each_table_once(store: ObjectStore, registry: Registry, name: str) -> None:
    parameters = {"xdawn-lda.n_filters": 1, "riemann.n_filters": 1} if name == "ensemble" else {}
    counted = CountedStore(store)
    train(Training(name, parameters), counted, registry)
    assert counted.fetched == {features_key(subject): 1 for subject in range(1, 6)}


@pytest.mark.usefixtures("tables")
def test_incremental_equals_a_fit_to_all(store: ObjectStore, registry: Registry, tmp_path: Path) -> None:
    train(Training(subjects=(1, 2, 4)), store, registry)
    counted = CountedStore(store)
    grown = train(Training(subjects=(1, 2, 3, 4, 5), incremental=True), counted, registry)
    assert counted.fetched == {features_key(3): 1, features_key(5): 1}
    whole = train(Training(subjects=(1, 2, 3, 4, 5)), store, registry)
    assert grown.subjects == whole.subjects == registry.training_subjects(grown.version)
    assert grown.version.tags["data_hash"] == whole.version.tags["data_hash"]
    by_sums, by_all = (
        load_estimator(registry.download(each.version, tmp_path / str(each.version.version))) for each in (grown, whole)
    )
    features = FeatureTables(store)[SubjectId(1)].features
    raw = [
        (estimator.decision_function(features) - metrics["calibration_offset"]) / metrics["calibration_slope"]
        for estimator, metrics in (
            (by_sums, registry.metrics(grown.version)),
            (by_all, registry.metrics(whole.version)),
        )
    ]
    np.testing.assert_allclose(*raw, rtol=1e-5)
    assert set(grown.validation.scores) == {3, 5}
    for subject, scores in grown.validation.scores.items():
        assert scores.auc == pytest.approx(whole.validation.scores[subject].auc)


@pytest.mark.usefixtures("tables")
def test_incremental_is_refused_where_it_cannot_be(store: ObjectStore, registry: Registry) -> None:
    with pytest.raises(Refused, match="no version has left sums"):
        train(Training(incremental=True), store, registry)
    train(Training(subjects=(1, 2, 5)), store, registry)
    with pytest.raises(Refused, match="learnt from subject_05"):
        train(Training(subjects=(1, 2, 3), incremental=True), store, registry)
    with pytest.raises(Refused, match="nothing to add"):
        train(Training(subjects=(1, 2, 5), incremental=True), store, registry)
    with pytest.raises(Refused, match="without --incremental"):
        train(Training("xdawn-lda", incremental=True), store, registry)
    _process(store, 2, raw_sha256="another recording")
    with pytest.raises(Refused, match="version 1 has learnt from subject_02 as .* before: .* made again since"):
        train(Training(subjects=(1, 2, 3, 5), incremental=True), store, registry)
    _process(store, 2)
    _process(store, 3, raw_sha256=f"{2:064d}")
    with pytest.raises(InvalidInput, match="subject_02 and subject_03 are the same recording"):
        train(Training(subjects=(1, 2, 3, 5), incremental=True), store, registry)
    _process(store, 3, recipe=Recipe(window_s=(0.0, 0.11), baseline_s=None, reject_volts=100e-6))
    with pytest.raises(InvalidInput, match="subject_03 does not match"):
        train(Training(subjects=(1, 2, 3, 5), incremental=True), store, registry)
    assert len(registry.versions()) == 1


@pytest.mark.usefixtures("tables")
def test_search_registers_the_winner_with_all_that_was_tried(
    store: ObjectStore, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = (candidate("lda", shrinkage=0.9), candidate("lda"), candidate("toeplitz-lda"))
    monkeypatch.setattr("p300.jobs.training.learn.DEFAULT_GRID", grid)
    trained = train(Training(tune=True), store, registry)
    rows = json.loads(registry.artifact(trained.version.run_id, "search.json"))
    assert [row["candidate"] for row in rows] == ["lda", "lda", "toeplitz-lda"]
    best = max(rows, key=lambda row: row["mean_auc"])
    assert trained.version.tags["candidate"] == best["candidate"]
    nested = [row["auc"][str(subject)] for row in rows for subject in row["chosen_without"]]
    assert len(nested) == 5
    assert registry.metrics(trained.version)["loso_mean_auc"] == pytest.approx(np.mean(nested))
    assert registry.artifact(trained.version.run_id, "figures/search.png").startswith(b"\x89PNG")


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("training", "error", "reason"),
    [
        (Training(share=0.0), InvalidInput, "share of training subjects is 0"),
        (Training(share=1.2), InvalidInput, "at most 1"),
        (Training(share=float("nan")), InvalidInput, "above 0 and at most 1"),
        (Training(share=0.3), InvalidInput, "1 of 5 processed subjects, and it needs at least 2"),
        (Training(subjects=(1,)), InvalidInput, "at least 2"),
        (Training(subjects=(1, 2), tune=True), InvalidInput, "at least 3 to score a choice by"),
        (Training(subjects=()), InvalidInput, "list of training subjects is empty"),
        (Training(subjects=(1, 2), share=0.5), InvalidInput, "not both"),
        (Training(subjects=(1, 7, 12)), NotFound, "subject_07, subject_12"),
        (Training("svm"), InvalidInput, "no candidate 'svm'"),
        (Training(tune=True, incremental=True), InvalidInput, "leave out"),
    ],
)
def test_bad_options_start_no_run(
    store: ObjectStore, registry: Registry, training: Training, error: type[P300Error], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        train(training, store, registry)
    assert registry.versions() == []


def test_tables_that_differ_are_named_and_leave_no_version(
    store: ObjectStore, registry: Registry, tables: FeatureTables
) -> None:
    _process(store, 4, channels=("Fz", "Cz", "Oz"))
    with pytest.raises(InvalidInput, match="subject_04 does not match subject_01: channels Fz, Cz, Oz"):
        train(Training(set_challenger_alias=True), store, registry)
    assert registry.versions() == []
    assert registry.version_under(CHALLENGER) is None
    assert len(tables) == 5


@pytest.mark.parametrize(("share", "n_subjects"), [(0.5, 50), (0.755, 75), (0.29, 29), (1.0, 100)])
def test_share_is_of_the_processed_subjects_in_id_order(share: float, n_subjects: int) -> None:
    processed = [SubjectId(subject) for subject in range(11, 111)]
    assert choose_subjects(Training(share=share), processed) == processed[:n_subjects]


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("change", "n_versions"),
    [("log_model_artifacts", 0), ("create_model_version", 0), ("set_terminated", 1), ("set_registered_model_alias", 1)],
)
def test_stopped_at_a_step_the_alias_stays_where_it_was(
    store: ObjectStore, tmp_path: Path, tracking_uri: str, change: str, n_versions: int
) -> None:
    registry = Registry(tracking_uri, model_name=f"stopped at {change}")

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    setattr(registry._client, change, stop)
    with pytest.raises(KeyboardInterrupt):
        train(Training(set_challenger_alias=True), store, registry)
    assert registry.version_under(CHALLENGER) is None
    versions = registry.versions()
    assert len(versions) == n_versions, "a version appears whole, and after all that belongs to it"
    for version in versions:
        load_estimator(registry.download(version, tmp_path / "model"))


@pytest.mark.usefixtures("tables")
def test_status_shows_what_there_is_and_what_is_away(store: ObjectStore, registry: Registry) -> None:
    trained = train(Training(set_challenger_alias=True), store, registry)
    found = status(store, registry.tracking_uri, "http://127.0.0.1:9", model_name=registry.model_name)
    assert [(bucket.bucket, bucket.n_objects, bucket.subjects) for bucket in found.buckets] == [
        (FEATURES, 5, (1, 2, 3, 4, 5))
    ]
    (version,) = found.versions
    assert (version.version, version.aliases, version.candidate) == (1, (CHALLENGER,), "lda")
    assert version.training_subjects == version.validated_subjects == (1, 2, 3, 4, 5)
    assert version.scores.auc == pytest.approx(trained.validation.mean_auc)
    assert None not in (version.scores.balanced_accuracy, version.scores.kappa, version.scores.accuracy)
    (problem,) = found.problems
    assert "nothing is served at http://127.0.0.1:9" in problem
