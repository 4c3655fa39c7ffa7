"""The protocols that the service speaks. A new one is a module here and a name in :data:`PROTOCOLS`."""

from typing import Any

from p300.serving.protocols.json_predictions import JSON_PREDICTIONS
from p300.serving.protocols.open_inference import OPEN_INFERENCE
from p300.serving.protocols.protocol import Protocol

PROTOCOLS: tuple[Protocol[Any], ...] = (JSON_PREDICTIONS, OPEN_INFERENCE)
