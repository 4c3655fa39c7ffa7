import json
from pathlib import Path

import pytest

from p300.domain import Recipe
from p300.errors import InvalidInput
from p300.jobs.recordings.chosen_recipe import chosen_recipe

RECIPE = Recipe(band_hz=(0.5, 12.0), normalisation="euclidean")


def test_nothing_chosen_is_the_default() -> None:
    assert chosen_recipe("") == chosen_recipe(" ") == Recipe()


def test_a_file_and_its_text_are_the_same_recipe(tmp_path: Path) -> None:
    path = tmp_path / "my recipe.json"
    path.write_text(json.dumps(RECIPE.fields(), indent=2))
    assert chosen_recipe(str(path)) == chosen_recipe(f"\n{RECIPE.to_json()}") == RECIPE


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("nowhere.json", "nowhere.json is no recipe .*No such file"),
        ("{", "the text given is no recipe .*no JSON"),
        ('{"band": 1}', "the text given is no recipe .*there is no field 'band'"),
        (".", r"\. is no recipe .*Is a directory"),
    ],
)
def test_what_is_no_recipe_is_refused(choice: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        chosen_recipe(choice)
