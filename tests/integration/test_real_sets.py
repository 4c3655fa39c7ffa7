"""One default recipe for every set of real recordings: children with three electrodes, a speller with 64."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from p300.domain import FeatureTable, Recipe, SubjectId
from p300.eeg.features import extract_features
from p300.model.candidates import candidate
from p300.model.validation import validate
from p300.store.recordings import decode_recording

DATA = Path(__file__).parents[2].parent / "shared" / "data"

# Mean AUC over kept epochs and over all flashes that the default candidate and the ensemble must reach: as
# docs/results.md has them, less a few thousandths. On kept epochs the design asks for .855, .695 and .840 of lda, and
# for .890, .730 and .932 of the best candidate on the first three sets.
LDA = {"br41nio": (0.856, 0.845), "gtn": (0.712, 0.704), "comp2b": (0.884, 0.874), "bnci": (0.731, 0.729)}
ENSEMBLE = {"br41nio": (0.890, 0.876), "gtn": (0.747, 0.736), "comp2b": (0.932, 0.923), "bnci": (0.758, 0.756)}
N_SUBJECTS = {"br41nio": 5, "gtn": 21, "comp2b": 3, "bnci": 3}

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real recordings are not in ../shared/data"),
]


@pytest.fixture(scope="module", params=N_SUBJECTS)
def named_tables(request: pytest.FixtureRequest) -> tuple[str, Mapping[SubjectId, FeatureTable]]:
    paths = sorted((DATA / request.param).glob("subject_*/*.parquet"))
    recordings = {SubjectId(int(path.parent.name[-2:])): decode_recording(path.read_bytes()) for path in paths}
    return request.param, {subject: extract_features(each, Recipe()) for subject, each in recordings.items()}


@pytest.mark.parametrize(("name", "bars"), [("lda", LDA), ("ensemble", ENSEMBLE)])
def test_the_default_carries_over(
    named_tables: tuple[str, Mapping[SubjectId, FeatureTable]], name: str, bars: Mapping[str, tuple[float, float]]
) -> None:
    folder, tables = named_tables
    answers = validate(candidate(name), tables)
    kept, whole = bars[folder]
    assert len(answers) == N_SUBJECTS[folder]
    assert answers.mean_auc > kept
    assert answers.all_flashes is not None
    assert answers.all_flashes.mean_auc > whole
