"""Predictions as JSON: for people and single epochs."""

from pydantic import BaseModel, ConfigDict, Field

REQUEST_ID_HEADER = "x-request-id"


class ModelIdentity(BaseModel):
    """Which version answered."""

    model_config = ConfigDict(frozen=True)

    name: str
    alias: str
    version: int
    run_id: str


class Prediction(BaseModel):
    """The answer for one epoch."""

    label: int = Field(description="2 Target, 1 NonTarget")
    class_name: str = Field(description="Target or NonTarget")
    probability_target: float = Field(description="probability that the flash was the target")


class PredictionRequest(BaseModel):
    """One epoch as `features`, or several as `epochs`: channel-major features, never both."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [field], "properties": {field: {"type": "array"}}} for field in ("features", "epochs")
            ],
            "examples": [{"features": [1.2e-06, -3.4e-07]}, {"epochs": [[1.2e-06, -3.4e-07], [2.1e-06, 5.0e-07]]}],
        }
    )

    features: list[float] | None = None
    epochs: list[list[float]] | None = None


class PredictionResponse(BaseModel):
    """The predictions in the order of the epochs, and the version that made them."""

    model: ModelIdentity
    predictions: list[Prediction]
    request_id: str


class ErrorResponse(BaseModel):
    """Every error looks like this."""

    error: str
    request_id: str


def prediction_path(alias: str) -> str:
    """Address of the JSON endpoint of an alias."""
    return f"/predict-{alias}/"
