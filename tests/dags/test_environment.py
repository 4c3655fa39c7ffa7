import importlib.util

import pytest


def test_dags_are_tested_in_the_environment_of_airflow() -> None:
    if importlib.util.find_spec("p300_airflow") is None:
        pytest.skip("the DAGs need Airflow's own environment: make test-dags")
