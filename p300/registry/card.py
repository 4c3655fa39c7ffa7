"""What a model folder says of its model beside the estimator: readable offline, without MLflow."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from p300.domain import Recipe, SubjectId
from p300.domain.channels import writable_names
from p300.errors import InvalidInput

CARD_FOLDER = "extra_files"  # where MLflow puts the files that come along with a model
TRAINING_SUBJECTS_FILE = "training_subjects.json"
RECIPE_FILE = "recipe.json"
CHANNELS_FILE = "channel_names.json"


@dataclass(frozen=True)
class ModelCard:
    """The input that a model was made for.

    The features are channel-major in the order of ``channel_names``.
    """

    training_subjects: tuple[SubjectId, ...]
    recipe: Recipe
    channel_names: tuple[str, ...]

    def files(self) -> dict[str, object]:
        """Content of each file of the card by its name, ready for JSON."""
        return {
            TRAINING_SUBJECTS_FILE: list(self.training_subjects),
            RECIPE_FILE: self.recipe.fields(),
            CHANNELS_FILE: list(self.channel_names),
        }


def read_card(folder: Path) -> ModelCard:
    """Read the card of a downloaded model folder.

    Raises
    ------
    InvalidInput
        The folder holds no whole card: this is no version that p300 trained.
    """
    try:
        files = {
            name: json.loads((folder / CARD_FOLDER / name).read_text())
            for name in (TRAINING_SUBJECTS_FILE, RECIPE_FILE, CHANNELS_FILE)
        }
        return _card(files)
    except (OSError, ValueError, TypeError, InvalidInput) as error:
        raise InvalidInput(f"{folder} is no model folder that p300 wrote ({error})") from error


def _card(files: Mapping[str, list[int] | list[str]]) -> ModelCard:
    return ModelCard(
        training_subjects=tuple(SubjectId(int(subject)) for subject in files[TRAINING_SUBJECTS_FILE]),
        recipe=Recipe.from_fields(files[RECIPE_FILE]),
        channel_names=writable_names(files[CHANNELS_FILE]),
    )
