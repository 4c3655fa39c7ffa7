"""Every command that README shows parses against the real parser."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from p300.cli.app import app
from p300.domain import Recipe
from p300.eeg.epochs import epoch_map

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def _commands(program: str) -> list[list[str]]:
    blocks = re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.split(" ")[0] == program]


def _subcommands() -> dict[str, Any]:
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return commands


@pytest.mark.parametrize("arguments", _commands("p300"), ids=" ".join)
def test_command_parses(arguments: list[str]) -> None:
    name, *options = arguments
    _subcommands()[name].make_context(name, options)


def test_readme_shows_every_command() -> None:
    shown = {arguments[0] for arguments in _commands("p300")}
    # `make demo` stands for `p300 demo`, fetching is shown as a comment, `make up` and prose stand for the others.
    assert set(_subcommands()) - shown == {"demo", "fetch", "validate", "backup", "restore", "forget"}


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"make ([a-z]+)", README))
    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_example_request_is_an_epoch_of_the_default_recipe() -> None:
    """Of the recordings that the walkthrough makes: 16 channels at 512 Hz."""
    (features,) = json.loads((ROOT / "data" / "example_request.json").read_text()).values()
    assert len(features) == 16 * epoch_map(Recipe(), 512.0).shape[1]
