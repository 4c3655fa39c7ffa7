"""Records read back what they wrote, under the names that users and older versions know."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from p300.domain import Recipe, SubjectId
from p300.model.answers import Answers, Flashes, Missed, SubjectAnswers
from p300.registry.records import (
    Means,
    Origin,
    SimulationRun,
    TrainingRun,
    read_provenances,
    simulation_metrics,
    training_subjects_of,
    validated_subjects_of,
    validation_metrics,
    write_provenances,
)
from tests.builders import make_provenance

PACKAGE = Path(__file__).parents[3] / "p300"
SIX, SEVEN = SubjectId(6), SubjectId(7)


def _answers(missed: Missed | None) -> Answers:
    targets = np.arange(40) % 4 == 0
    probabilities = np.random.default_rng(1).random(40) * 0.5 + 0.4 * targets
    return Answers({subject: SubjectAnswers(Flashes(targets, missed), probabilities) for subject in (SIX, SEVEN)})


def test_a_version_keeps_its_names() -> None:
    origin = Origin("lda", "abc", "def", "012")
    assert origin.tags() == {"candidate": "lda", "recipe_hash": "abc", "data_hash": "def", "code_commit": "012"}
    assert Origin.of(origin.tags() | {"stranger": "1"}) == origin
    assert Origin.of({}) == Origin("", "", "", "")


def test_a_training_run_keeps_its_names() -> None:
    run = TrainingRun("lda", {"shrinkage": 0.1}, (SIX, SEVEN), (SEVEN,), Recipe(), n_trials=3, base_version=2)
    params = {name: str(value) for name, value in run.params().items()}
    assert params["training_subjects"] == "6,7"
    assert params["validated_subjects"] == "7"
    assert (params["candidate"], params["shrinkage"]) == ("lda", "0.1")
    assert (params["search_trials"], params["base_version"]) == ("3", "2")
    assert params["recipe.band_hz"]
    assert training_subjects_of(params) == (6, 7)
    assert training_subjects_of({}) is None


def test_a_simulation_keeps_its_names_and_reads_back() -> None:
    run = SimulationRun("challenger", 3, "run", "http://localhost:8000", (SIX, SEVEN), ())
    assert run.tags() == {
        "alias": "challenger",
        "version": "3",
        "model_run_id": "run",
        "base_url": "http://localhost:8000",
        "subjects": "6,7",
        "training_subjects": "none",
    }
    assert SimulationRun.of(run.tags()) == run


def test_metrics_keep_their_names_and_means_read_back() -> None:
    answers = _answers(Missed(n_targets=2, n_nontargets=8))
    metrics = validation_metrics(answers)
    assert metrics["loso_mean_auc"] == answers.mean_auc
    assert metrics["loso_subject_06_kappa"] == answers.scores[SIX].kappa
    assert metrics["loso_pooled_n_epochs"] == 80
    assert validated_subjects_of(metrics) == (6, 7)
    means = Means.of_validation(metrics)
    assert answers.all_flashes is not None
    assert (means.auc, means.all_auc, means.share_kept) == (answers.mean_auc, answers.all_flashes.mean_auc, 0.8)
    assert Means.of_simulation(simulation_metrics(answers, 1.5)) == means
    assert simulation_metrics(answers, 1.5)["replay_s"] == 1.5


def test_what_is_not_known_of_an_old_table_is_not_said() -> None:
    means = Means.of_validation(validation_metrics(_answers(None)))
    assert means.auc is not None
    assert (means.all_auc, means.share_kept) == (None, None)
    assert Means.of_validation({}) == Means(None, None, None, None, None, None)


def test_provenances_read_back() -> None:
    provenances = {SIX: make_provenance(7, n_flashes=9, n_rejected=2, rejected_by_channel={"Pz": 2})}
    assert read_provenances(json.dumps(write_provenances(provenances)).encode()) == provenances


@pytest.mark.parametrize(
    "name",
    [
        r"p300-(training|simulation|deployments)\b",
        r"(search|provenance|answers)\.json|sums\.npz",
        r"figures/",
        r"loso_",
        r"(recipe_hash|data_hash|code_commit|model_run_id|validated_subjects|share_kept)\b",
        r"(pooled|all)_",
        r"mlflow\.\w+",
    ],
)
def test_no_name_is_spelt_outside_the_registry(name: str) -> None:
    spelt = re.compile(rf"""["']{name}""")
    strays = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not {"registry", "store", "domain"}.intersection(path.parts)  # the last two stand below MLflow
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if spelt.search(line)
    ]
    assert strays == []
