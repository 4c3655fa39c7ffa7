"""The recipe that a person has chosen, by ``--recipe`` or ``P300_RECIPE``."""

from pathlib import Path

from p300.domain.recipe import Recipe
from p300.errors import InvalidInput


def chosen_recipe(choice: str) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    choice : str
        A JSON file, or the JSON itself, which begins with a brace; empty is the default recipe.

    Raises
    ------
    InvalidInput
        There is no such file, or no recipe in it.
    """
    if not choice.strip():
        return Recipe()
    is_text = choice.lstrip().startswith("{")
    try:
        return Recipe.from_json(choice if is_text else Path(choice).read_text(encoding="utf-8"))
    except (OSError, ValueError, InvalidInput) as error:
        where = "the text given" if is_text else choice
        raise InvalidInput(f"{where} is no recipe ({error}): expected JSON such as {Recipe().to_json()}") from error
