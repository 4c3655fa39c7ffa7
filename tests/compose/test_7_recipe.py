"""A recipe that is chosen on the host reaches the job in its container, and Airflow, which hands it to its jobs."""

from pathlib import Path

import pytest

from p300.domain import Recipe, SubjectId
from p300.store.features import stored_provenance
from tests.compose import platform
from tests.compose.shell import sh

SUBJECT = SubjectId(1)
RECIPE = Recipe(normalisation="none")
WHAT_JOBS_GET = (
    "from p300_airflow.settings import load_job_settings as load; print(load().job_environment['P300_RECIPE'])"
)


@pytest.fixture
def chosen(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "recipe.json"
    file.write_text(RECIPE.to_json())
    return {"P300_RECIPE": str(file)}


def preprocess(variables: dict[str, str]) -> Recipe:
    """The recipe of the subject's table, after its job was run with these variables."""
    sh(f"docker compose run --rm preprocessing-job python preprocess_subject.py {SUBJECT}", variables)
    provenance = stored_provenance(platform.store(), SUBJECT)
    assert provenance is not None
    return provenance.recipe


def test_the_job_takes_the_recipe_of_the_host(chosen: dict[str, str]) -> None:
    assert preprocess(chosen) == RECIPE
    assert preprocess({}) == Recipe()


def test_airflow_hands_its_text_to_jobs(chosen: dict[str, str]) -> None:
    run = "docker compose -f airflow-compose.yaml run --rm --no-deps --entrypoint python airflow-dag-processor"
    assert sh(f'{run} -c "{WHAT_JOBS_GET}"', chosen).strip() == RECIPE.to_json()
