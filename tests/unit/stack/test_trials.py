"""What Docker Compose says of files that are wrong; and a machine without Docker is said, not passed over."""

from pathlib import Path

import pytest

from p300.jobs.platform.validate import Finding, validate
from p300.stack.environment import load_environment
from tests.containers import need_compose

ONE_SERVICE = "services: {NAME: {image: p300, environment: {P300_ENV: '${P300_ENV}', P300_PORT: '${NGINX_PORT}0'}}}\n"
WITH_UNKNOWN_KEY = "services: {nginx: {image: nginx, imagge: nginx}}\n"


@pytest.fixture
def _compose() -> None:
    need_compose()


@pytest.mark.usefixtures("_compose")
def test_all_bad_files_are_found_though_secrets_are_missing(checkout: Path) -> None:
    (checkout / "docker-compose.yaml").write_text(WITH_UNKNOWN_KEY)
    found = validate(load_environment("staging", checkout, {}), ["secrets", "compose"])
    assert [finding.check for finding in found] == ["secrets", "secrets", "compose", "compose"]
    assert "imagge" in found[2].sentence
    assert found[3] == Finding("compose", "airflow-compose.yaml is not there")


@pytest.mark.usefixtures("_compose")
def test_settings_are_read_as_compose_resolves_them(checkout: Path) -> None:
    for file, service in (("docker-compose.yaml", "serving"), ("airflow-compose.yaml", "airflow")):
        (checkout / file).write_text(ONE_SERVICE.replace("NAME", service))
    environment = load_environment("prod", checkout, {})
    sentences = [finding.sentence for finding in validate(environment, ["settings"])]
    assert "serving: P300_PORT is '82800': Input should be less than or equal to 65535" in sentences
    assert "airflow: P300_ENV is read nowhere" in sentences  # this checkout has no code


def test_check_that_cannot_be_made_is_a_finding(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("docker-compose.yaml", "airflow-compose.yaml"):
        (checkout / name).write_text("services: {}\n")
    monkeypatch.setenv("PATH", str(checkout))
    found = validate(load_environment("dev", checkout, {}))
    assert {finding.check for finding in found} == {"compose", "settings", "nginx", "dags"}
    assert all("no docker command on this machine" in finding.sentence for finding in found)
