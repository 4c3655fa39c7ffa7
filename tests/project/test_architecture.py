"""What docs/architecture.md and docs/where.md name is there, under that name."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ("architecture.md", "where.md")
NAMED = re.compile(r"`((?:p300|airflow|dags|docs|tests)/[\w./-]+)`|\]\(([^)#:]+)\)")


@pytest.mark.parametrize("name", DOCS)
def test_every_place_exists(name: str) -> None:
    document = ROOT / "docs" / name
    named = [ROOT / code if code else document.parent / link for code, link in NAMED.findall(document.read_text())]
    assert len(named) > 5
    assert [str(path) for path in named if "NNNN" not in path.name and not path.exists()] == []


def test_the_rooms_stand_in_the_order_of_their_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [re.findall(r"\w+", layer) for layer in contracts[0]["layers"]]
    drawn = (ROOT / "docs/architecture.md").read_text().partition("## The rooms")[2].split("```")[1]
    rooms = [room for layer in layers for room in layer if (ROOT / "p300" / room).is_dir()]
    places = [re.search(rf"\b{room}\b", drawn) for room in [*rooms, "errors"]]
    starts = [place.start() for place in places if place]
    assert len(starts) == len(rooms) + 1
    assert starts == sorted(starts)
