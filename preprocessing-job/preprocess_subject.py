"""Make the features of the subjects named: what a preprocessing container runs."""

from typing import Annotated

import typer

from p300.cli.entry import run_script
from p300.domain import parse_subject
from p300.jobs.recordings.chosen_recipe import chosen_recipe
from p300.jobs.recordings.preprocess import preprocess
from p300.settings import RecipeSettings, StoreSettings, read_settings
from p300.store.objects import open_store


def main(subjects: Annotated[list[str], typer.Argument(metavar="SUBJECT...", help="such as 7 or subject_07")]) -> None:
    """Make the features of raw subjects where they are missing or stale, by the recipe of P300_RECIPE.

    Example:

      python preprocess_subject.py 7 8
    """
    store = open_store(read_settings(StoreSettings).store_url)
    recipe = chosen_recipe(read_settings(RecipeSettings).recipe)
    preprocess(store, recipe, subjects=[parse_subject(name) for name in subjects])


if __name__ == "__main__":
    run_script(main)
