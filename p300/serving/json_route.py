"""``POST /predict-{alias}/``: JSON in, JSON out, for people and single epochs."""

from functools import lru_cache

from p300.domain import Float32s, Float64s, Label
from p300.errors import InvalidInput
from p300.serving.exchange import Question, Reply
from p300.serving.predictor import Predictor, decide
from p300.serving.scorer import Scorer
from p300.serving.vectors import describe, pack_rows, read_object, require_epochs
from p300.wire import ModelIdentity

_LEADS = {label.value: f'{{"label":{label.value},"class_name":"{label.name}","probability_target":' for label in Label}


async def predict(scorer: Scorer, predictor: Predictor, question: Question) -> Reply:
    """Answer :class:`p300.wire.PredictionRequest` with :class:`p300.wire.PredictionResponse`."""
    features = parse_features(question.body, predictor, scorer.max_epochs)
    probabilities = await scorer.probabilities(predictor, features)
    return Reply(200, render(predictor.identity, probabilities, question.request_id), n_epochs=len(features))


def parse_features(body: bytes, predictor: Predictor, max_epochs: int) -> Float32s:
    """Features of the epochs in a request, shape (n_epochs, n_features).

    Raises
    ------
    Malformed, InvalidInput
        What is wrong with it, naming the field, what came and what was expected.
    """
    fields = read_object(body)
    features, epochs = fields.get("features"), fields.get("epochs")
    if features is not None and epochs is not None:
        raise InvalidInput("both features and epochs are given, expected one of them")
    if features is not None:
        return pack_rows([features], "features", predictor.n_features, predictor.layout, body)
    if epochs is None:
        came = ", ".join(sorted(fields)[:10]) or "nothing"
        raise InvalidInput(f"neither features nor epochs is given, but {came}: expected one of the two")
    if not isinstance(epochs, list):
        raise InvalidInput(f"epochs is {describe(epochs)}, expected a list of lists of numbers")
    require_epochs("epochs", len(epochs), max_epochs)
    return pack_rows(epochs, "epochs[{}]", predictor.n_features, predictor.layout, body)


def render(identity: ModelIdentity, probabilities: Float64s, request_id: str) -> bytes:
    """The body of :class:`p300.wire.PredictionResponse`, by hand: an object an epoch would cost more than the model."""
    pairs = zip(decide(probabilities).tolist(), probabilities.tolist(), strict=True)
    predictions = ",".join([f"{_LEADS[label]}{probability!r}}}" for label, probability in pairs])
    return f'{{"model":{_identity_json(identity)},"predictions":[{predictions}],"request_id":"{request_id}"}}'.encode()


_identity_json = lru_cache(maxsize=16)(ModelIdentity.model_dump_json)
