"""``POST /predict-{alias}/``: JSON in, JSON out, for people and single epochs."""

from functools import lru_cache

from p300.domain import Float32s, Label
from p300.errors import InvalidInput
from p300.serving.protocols.protocol import Documentation, Protocol, Request, Response
from p300.serving.protocols.vectors import describe, pack_rows, read_object, require_epochs
from p300.serving.service import Answer, Expected, Query
from p300.wire import ModelIdentity, PredictionRequest, PredictionResponse, prediction_path

_LEADS = {label.value: f'{{"label":{label.value},"class_name":"{label.name}","probability_target":' for label in Label}


def decode(request: Request, expected: Expected) -> Query:
    """Read :class:`p300.wire.PredictionRequest`.

    Raises
    ------
    Malformed, InvalidInput, PayloadTooLarge
        What is wrong with it, naming the field, what came and what was expected.
    """
    return Query(expected.alias, _features(request.body, expected), request.request_id)


def encode(query: Query, answer: Answer) -> Response:
    """Write :class:`p300.wire.PredictionResponse`, by hand: an object an epoch would cost more than the model."""
    pairs = zip(answer.labels.tolist(), answer.probabilities.tolist(), strict=True)
    predictions = ",".join([f"{_LEADS[label]}{probability!r}}}" for label, probability in pairs])
    model = _identity_json(answer.model)
    return Response(f'{{"model":{model},"predictions":[{predictions}],"request_id":"{query.request_id}"}}'.encode())


def _features(body: bytes, expected: Expected) -> Float32s:
    fields = read_object(body)
    features, epochs = fields.get("features"), fields.get("epochs")
    if features is not None and epochs is not None:
        raise InvalidInput("both features and epochs are given, expected one of them")
    if features is not None:
        return pack_rows([features], "features", expected.n_features, expected.layout, body)
    if epochs is None:
        came = ", ".join(sorted(fields)[:10]) or "nothing"
        raise InvalidInput(f"neither features nor epochs is given, but {came}: expected one of the two")
    if not isinstance(epochs, list):
        raise InvalidInput(f"epochs is {describe(epochs)}, expected a list of lists of numbers")
    require_epochs("epochs", len(epochs), expected.max_epochs)
    return pack_rows(epochs, "epochs[{}]", expected.n_features, expected.layout, body)


_identity_json = lru_cache(maxsize=16)(ModelIdentity.model_dump_json)

JSON_PREDICTIONS = Protocol(
    name="predict",
    path=prediction_path,
    decode=decode,
    encode=encode,
    documentation=Documentation(
        tag="prediction",
        verb="predict",
        description="One epoch as `features`, or several as `epochs`; each is channel-major.",
        request=PredictionRequest,
        response=PredictionResponse,
    ),
)
