"""The rules of the house: what a newcomer may rely on when reading."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from p300.settings import KINDS, variable_of

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 300
LONGEST_SCRIPT = 40


def _tracked(*patterns: str) -> list[Path]:
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_imports_run_downward() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_file_is_longer_than_a_reader_holds() -> None:
    code = _tracked("*.py", "*.sh", "Makefile", "*Dockerfile")
    assert len(code) > 20
    assert {str(path): _lines(path) for path in code if _lines(path) > LONGEST_FILE} == {}


def test_service_scripts_are_thin() -> None:
    scripts = _tracked(
        "*-job/*.py", "model-serving/*.py", "application-simulator/*.py", "minio-init/*.py", "mlflow-server/*.py"
    )
    assert len(scripts) == 6
    assert {str(path): _lines(path) for path in scripts if _lines(path) > LONGEST_SCRIPT} == {}


def test_every_setting_stands_in_the_example_with_its_default() -> None:
    example = dict(re.findall(r"^([A-Z][A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    defaults = {variable_of(name): field.default for kind in KINDS for name, field in kind.model_fields.items()}
    written = {name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in defaults.items()}
    assert example == written


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "base", "manager"])
def test_no_grab_bags(word: str) -> None:
    assert [path for path in _tracked("p300/*.py") if word in path.stem.split("_")] == []


def test_version_is_one() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()
