"""Where objects and versions are: the two addresses that every job has in common."""

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings

from p300.settings.reading import OWN_VARIABLES


class StoreSettings(BaseSettings):
    """Where recordings and features are."""

    model_config = OWN_VARIABLES

    store_url: str = Field(".p300/store", description="a folder, or s3:// for an S3 server")


class RegistrySettings(BaseSettings):
    """Where runs and versions are."""

    model_config = OWN_VARIABLES

    mlflow_tracking_uri: str = Field(
        "sqlite:///.p300/mlflow.db",
        validation_alias=AliasChoices("MLFLOW_TRACKING_URI", "mlflow_tracking_uri"),
        description="MLflow's database or server",
    )
