"""A query to its answer, without any protocol."""

import asyncio
from collections.abc import Mapping

import numpy as np
import pytest
from sklearn.base import ClassifierMixin

from p300.domain import Float32s
from p300.errors import InvalidInput, NotFound
from p300.serving.models.follower import Follower, NoModel
from p300.serving.service import Answer, Expected, Query, Service
from tests.shelf import Shelf


def _ask(service: Service, alias: str, features: Float32s) -> Answer:
    return asyncio.run(service.answer(Query(alias, features, "q-1")))


def test_an_answer_names_the_version_that_gave_it(
    service: Service, pipeline: ClassifierMixin, epochs: Float32s
) -> None:
    assert service.expected("champion") == Expected("champion", 12, "12 = 3 channels x 4 samples", 250)
    answer = _ask(service, "champion", epochs)
    np.testing.assert_allclose(answer.probabilities, pipeline.predict_proba(epochs)[:, 1], atol=1e-6)
    np.testing.assert_array_equal(answer.labels, pipeline.predict(epochs))
    assert (answer.model.alias, answer.model.version, answer.model.run_id) == ("champion", 1, "run1")
    assert answer.waited_s >= 0
    assert answer.scored_s > 0


def test_who_is_not_there_is_named(service: Service, epochs: Float32s) -> None:
    with pytest.raises(NotFound, match="no model is called 'nobody' here, expected one of champion, challenger"):
        _ask(service, "nobody", epochs)
    with pytest.raises(NoModel, match="no model answers for challenger: no version has that alias"):
        _ask(service, "challenger", epochs)
    assert service.is_ready()
    assert {alias: status.state for alias, status in service.statuses().items()} == {
        "champion": "serving",
        "challenger": "empty",
    }


def test_features_that_the_version_does_not_take_are_not_scored(service: Service, epochs: Float32s) -> None:
    with pytest.raises(InvalidInput, match="an epoch has 11 features, expected 12 = 3 channels x 4 samples"):
        _ask(service, "champion", epochs[:, 1:])


def test_one_process_answers_for_several_aliases(
    service: Service, followers: Mapping[str, Follower], shelf: Shelf, pipeline: ClassifierMixin, epochs: Float32s
) -> None:
    shelf.register(pipeline, epochs[:2], channels=("Cz", "Pz", "Oz"), alias="challenger")
    followers["challenger"].step()
    assert service.aliases == ("champion", "challenger")
    assert service.identity("champion").version == 1
    assert _ask(service, "challenger", epochs).model.version == 2
