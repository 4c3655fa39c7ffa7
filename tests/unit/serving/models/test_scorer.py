"""Slow models keep off the event loop, and do not pile up."""

import asyncio
import threading
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from p300.domain import Float32s, Float64s
from p300.errors import Unavailable
from p300.serving.models.predictor import Predictor
from p300.serving.models.scorer import MAX_WAITING, Scorer, Scores


class Slow(ClassifierMixin, BaseEstimator):
    """Answers .25 once it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def predict_proba(self, X: Float32s) -> Float64s:
        assert self.go.wait(30)
        return np.tile([0.75, 0.25], (len(X), 1))


def test_slow_models_leave_the_loop_free_and_refuse_a_crowd(predictor: Predictor, epochs: Float32s) -> None:
    slow = Slow()

    async def crowd() -> list[Scores]:
        scorer = Scorer()
        asked = [
            asyncio.create_task(scorer.score(replace(predictor, estimator=slow, logits=None), epochs[:2]))
            for _ in range(MAX_WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="64 requests wait for this model already"):
            await scorer.score(replace(predictor, estimator=slow, logits=None), epochs[:2])
        quick = await scorer.score(predictor, epochs[:2])
        np.testing.assert_array_equal(quick.probabilities, predictor.probabilities(epochs[:2]))
        slow.go.set()
        answers = await asyncio.gather(*asked)
        scorer.close()
        return answers

    scores = asyncio.run(crowd())
    for answer in scores:
        np.testing.assert_array_equal(answer.probabilities, [0.25, 0.25])
    assert scores[-1].waited_s > 0
    assert scores[0].scored_s > 0
