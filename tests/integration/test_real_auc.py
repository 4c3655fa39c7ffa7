"""Five real subjects through our own chain, each classified by a model of the other four."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from p300.domain import FeatureTable, Recipe, SubjectId
from p300.eeg.features import extract_features
from p300.model.candidates import CANDIDATES, candidate
from p300.model.tuning import tune
from p300.model.validation import validate
from p300.store.layout import recording_key
from p300.store.recordings import decode_recording

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "data" / "br41nio"
SUBJECTS = range(1, 6)
# The recipe that the candidates were written for.
FIRST = Recipe((1.0, 20.0), (-0.1, 0.6), (-0.1, 0.0), 100e-6, 100.0, "channel", None, "keep")

# What each candidate reached when it was written, less two thousandths. The design asks for .84 and .865.
BARS = {
    "lda": 0.850,
    "xdawn-lda": 0.868,
    "toeplitz-lda": 0.856,
    "riemann": 0.873,
    "riemann-difference": 0.867,
    "ensemble": 0.888,
}

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the real recordings are not in ../shared/data/br41nio"),
]


@pytest.fixture(scope="module")
def tables() -> dict[SubjectId, FeatureTable]:
    return {SubjectId(subject): _table(subject) for subject in SUBJECTS}


def _table(subject: int) -> FeatureTable:
    recording = decode_recording((RECORDINGS / recording_key(SubjectId(subject))).read_bytes())
    return extract_features(recording, FIRST)


@pytest.mark.parametrize("name", CANDIDATES)
def test_candidates_reach_what_they_promise(tables, name):
    validation = validate(candidate(name), tables)
    assert validation.mean_auc > BARS[name], {
        subject: round(scores.auc, 3) for subject, scores in validation.scores.items()
    }


def test_a_choice_made_without_the_subject_is_worth_nearly_as_much(tables):
    search = tune(tables, [candidate("lda"), candidate("xdawn-lda"), candidate("ensemble")])
    assert search.validation.mean_auc > 0.88


def test_shuffled_labels_are_not_found_in_real_epochs(tables):
    rng = np.random.default_rng(5)
    shuffled = {subject: replace(table, labels=rng.permutation(table.labels)) for subject, table in tables.items()}
    assert abs(validate(candidate("lda"), shuffled).mean_auc - 0.5) < 0.05
