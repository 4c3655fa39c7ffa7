"""A candidate of forty lines is validated, searched, trained and registered like the others."""

from pathlib import Path

import numpy as np
import pytest

from p300.domain import SubjectId
from p300.errors import InvalidInput, Refused
from p300.jobs.training.train import Training, train
from p300.model import candidates
from p300.model.candidates import candidate
from p300.model.tuning import tune
from p300.model.validation import validate
from p300.registry import Registry, load_estimator
from p300.store.features import FeatureTables, encode_features
from p300.store.layout import FEATURES, features_key
from p300.store.objects import ObjectStore
from tests.builders import make_table
from tests.examples import naive_bayes
from tests.examples.naive_bayes import NaiveBayes

LONGEST_EXAMPLE = 40


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line that a new candidate adds."""
    every = {**candidates.CANDIDATES, NaiveBayes.name: NaiveBayes()}
    monkeypatch.setattr(candidates, "CANDIDATES", every)


@pytest.fixture
def tables(store: ObjectStore) -> FeatureTables:
    for subject in range(1, 5):
        rng = np.random.default_rng(subject)
        labels = np.where(np.arange(60) % 6 == 0, 2, 1)
        features = rng.standard_normal((60, 8)) + (labels == 2)[:, None]
        table = make_table(features, labels, raw_sha256=f"{subject:064d}")
        store.make_bucket(FEATURES)
        store.put(FEATURES, features_key(subject), encode_features(table))
    return FeatureTables(store)


def test_it_leaves_subjects_out_as_all_do(tables: FeatureTables) -> None:
    answers = validate(candidate("naive-bayes"), tables)
    others = {subject: table for subject, table in tables.items() if subject != 2}
    expected = NaiveBayes().fit(others).predict_proba(tables[SubjectId(2)].features)[:, 1]
    np.testing.assert_array_equal(answers[SubjectId(2)].probabilities, expected)
    assert answers.mean_auc > 0.7


def test_it_takes_part_in_a_search(tables: FeatureTables) -> None:
    grid = (candidate("lda"), candidate("naive-bayes", smoothing=0.5), NaiveBayes())
    rows = tune(tables, grid).rows()
    assert [row["candidate"] for row in rows] == ["lda", "naive-bayes", "naive-bayes"]
    assert [row["parameters"] for row in rows[1:]] == [{"smoothing": 0.5}, {"smoothing": 1e-3}]


def test_it_is_trained_and_registered(store: ObjectStore, tables: FeatureTables, tmp_path: Path) -> None:
    registry = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    trained = train(Training("naive-bayes", {"smoothing": 0.1}), store, registry)
    loaded = load_estimator(registry.download(trained.version, tmp_path / "model"))
    features = tables[SubjectId(1)].features
    expected = NaiveBayes(0.1).fit(tables).predict_proba(features)
    np.testing.assert_array_equal(loaded.predict_proba(features), expected)
    with pytest.raises(Refused, match="no version has left sums"):
        train(Training("naive-bayes", incremental=True), store, registry)


def test_what_it_cannot_take_is_refused() -> None:
    with pytest.raises(InvalidInput, match="smoothing is 2"):
        candidate("naive-bayes", smoothing=2)
    with pytest.raises(InvalidInput, match="naive-bayes takes no 'shrinkage': its parameters are smoothing"):
        candidate("naive-bayes", shrinkage=0.1)


def test_it_is_short() -> None:
    assert len(Path(naive_bayes.__file__).read_text().splitlines()) <= LONGEST_EXAMPLE
