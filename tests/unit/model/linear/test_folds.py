import weakref
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from p300.domain import FeatureTable, Recipe, SubjectId
from p300.errors import InvalidInput
from p300.model.candidates import candidate

OTHER = Recipe(normalisation="none")

EVERY_CANDIDATE = pytest.mark.parametrize(
    "classifier",
    [
        candidate("lda"),
        candidate("xdawn-lda"),
        candidate("toeplitz-lda"),
        candidate("riemann", n_filters=1),
        candidate("ensemble", **{"riemann.n_filters": 1}),
    ],
    ids=lambda classifier: classifier.name,
)


class Lazy(Mapping[SubjectId, FeatureTable]):
    """Makes a table anew at each access; knows how often, and how many were alive at once."""

    def __init__(self, tables, make_table) -> None:
        self._tables, self._make = tables, make_table
        self._made: list[weakref.ref[FeatureTable]] = []
        self.most_alive = 0

    @property
    def reads(self) -> int:
        return len(self._made)

    def __getitem__(self, subject: SubjectId) -> FeatureTable:
        table = self._make(self._tables[subject].features.copy(), self._tables[subject].labels)
        self._made.append(weakref.ref(table))
        self.most_alive = max(self.most_alive, sum(each() is not None for each in self._made))
        return table

    def __iter__(self) -> Iterator[SubjectId]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def refitted(tables, left_out) -> np.ndarray:
    """P(Target) of the subject left out, by scikit-learn's own fit of all the others."""
    others = [table for subject, table in tables.items() if subject != left_out]
    lda = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))
    lda.fit(
        np.concatenate([each.features for each in others]).astype(np.float64),
        np.concatenate([each.labels for each in others]),
    )
    return lda.predict_proba(tables[left_out].features)[:, 1]


def test_leaving_out_by_subtraction_is_scikit_learns_refit(tables):
    probabilities = candidate("lda").leave_one_subject_out(tables)
    assert list(probabilities) == list(tables)
    for subject, ours in probabilities.items():
        np.testing.assert_allclose(ours, refitted(tables, subject), atol=1e-5)


def test_a_feature_that_varies_in_the_subject_left_out_alone(tables, make_table):
    for subject, table in tables.items():
        if subject != 2:
            features = table.features.copy()
            features[:, 4] = 3e-6
            tables[subject] = make_table(features, table.labels)
    ours = candidate("lda").leave_one_subject_out(tables)
    np.testing.assert_allclose(ours[2], refitted(tables, 2), atol=1e-5)


@EVERY_CANDIDATE
def test_a_subject_left_out_is_answered_by_the_fit_of_the_others(tables, classifier):
    probabilities = classifier.leave_one_subject_out(tables)
    others = {subject: table for subject, table in tables.items() if subject != 3}
    direct = classifier.fit(others).predict_proba(tables[3].features)[:, 1]
    np.testing.assert_allclose(probabilities[3], direct, atol=1e-5)


@EVERY_CANDIDATE
def test_labels_of_the_subject_left_out_change_nothing(tables, make_table, classifier):
    before = classifier.leave_one_subject_out(tables)[3]
    tables[3] = make_table(tables[3].features, tables[3].labels[::-1])
    np.testing.assert_allclose(classifier.leave_one_subject_out(tables)[3], before, atol=1e-5)


@pytest.mark.parametrize(("name", "reads_to_fit"), [("lda", 2), ("xdawn-lda", 2), ("toeplitz-lda", 2)])
def test_a_fit_holds_one_table_and_the_next_while_it_is_read(tables, make_table, name, reads_to_fit):
    lazy = Lazy(tables, make_table)
    candidate(name).fit(lazy)
    assert lazy.reads == reads_to_fit * len(tables)
    assert lazy.most_alive <= 2


@pytest.mark.parametrize(("name", "reads"), [("lda", 2), ("toeplitz-lda", 2), ("xdawn-lda", 3)])
def test_leaving_one_out_reads_each_subject_twice_or_for_filters_three_times(tables, make_table, name, reads):
    lazy = Lazy(tables, make_table)
    candidate(name).leave_one_subject_out(lazy)
    assert lazy.reads == reads * len(tables)
    assert lazy.most_alive <= 2


@EVERY_CANDIDATE
def test_one_subject_cannot_be_left_out(tables, classifier):
    with pytest.raises(InvalidInput, match="needs at least 2 subjects, and there are 1"):
        classifier.leave_one_subject_out({SubjectId(1): tables[1]})


@EVERY_CANDIDATE
def test_tables_that_do_not_belong_together_are_refused_by_name(tables, make_table, classifier):
    wider = np.tile(tables[4].features, 2)
    for intruder, what in (
        (make_table(wider, tables[4].labels), "subject_04 does not match subject_01: features an epoch 168 against 84"),
        (make_table(tables[4].features, tables[4].labels, n_channels=7), "subject_04 .* channels C0, C1"),
        (
            make_table(tables[4].features, tables[4].labels, recipe=OTHER),
            f"subject_04 .* recipe {OTHER.hash[:12]} against",
        ),
        (
            make_table(np.full_like(tables[4].features, np.nan), tables[4].labels),
            "subject_04 has features that are not",
        ),
    ):
        for work in (classifier.fit, classifier.leave_one_subject_out):
            with pytest.raises(InvalidInput, match=what):
                work({**tables, SubjectId(4): intruder})


@EVERY_CANDIDATE
def test_a_missing_class_is_refused(tables, make_table, classifier):
    one_class = {
        subject: make_table(table.features[~table.targets], table.labels[~table.targets])
        for subject, table in tables.items()
    }
    with pytest.raises(InvalidInput, match="no Target epochs"):
        classifier.fit(one_class)
    with pytest.raises(InvalidInput, match="without subject_02 the other subjects have no Target epochs"):
        classifier.leave_one_subject_out({**one_class, SubjectId(2): tables[2]})


@EVERY_CANDIDATE
def test_no_subjects_are_refused(classifier):
    with pytest.raises(InvalidInput, match="no subjects"):
        classifier.fit({})


@EVERY_CANDIDATE
def test_a_dead_channel_leaves_answers_finite(tables, make_table, classifier):
    for subject, table in tables.items():
        epochs = table.features.reshape(len(table.labels), table.n_channels, -1).copy()
        epochs[:, 2] = 0
        tables[subject] = make_table(epochs.reshape(len(epochs), -1), table.labels)
    for probabilities in classifier.leave_one_subject_out(tables).values():
        assert np.isfinite(probabilities).all()
        assert np.std(probabilities) > 0.01


@EVERY_CANDIDATE
def test_subjects_left_out_together_are_answered_by_the_fit_of_all_others(tables, classifier):
    folds = [(SubjectId(2), SubjectId(5)), (SubjectId(1),), (SubjectId(1), SubjectId(3), SubjectId(4))]
    answers = classifier.leave_out(tables, folds)
    assert list(answers) == folds
    for fold, probabilities in answers.items():
        assert list(probabilities) == list(fold)
        estimator = classifier.fit({subject: table for subject, table in tables.items() if subject not in fold})
        for subject in fold:
            direct = estimator.predict_proba(tables[subject].features)[:, 1]
            np.testing.assert_allclose(probabilities[subject], direct, atol=1e-5)


@EVERY_CANDIDATE
def test_somebody_must_be_left_to_learn_from(tables, classifier):
    with pytest.raises(InvalidInput, match="leaving 6 subjects out needs at least 7 subjects, and there are 6"):
        classifier.leave_out(tables, [tuple(tables)])
