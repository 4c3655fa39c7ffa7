"""What preprocessing reads beside the store's address."""

from pydantic import Field
from pydantic_settings import BaseSettings

from p300.settings.reading import OWN_VARIABLES


class RecipeSettings(BaseSettings):
    """What is done to every signal, where it is not the default."""

    model_config = OWN_VARIABLES

    recipe: str = Field("", description="a recipe as a JSON file, or the JSON itself; empty is the default recipe")
