"""Scoring off the event loop for models that are slow, and on it for those that are not."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from p300.domain import Float32s, Float64s
from p300.errors import Unavailable
from p300.serving.models.predictor import Predictor

MAX_WAITING = 64


class Scores(NamedTuple):
    """Probability of Target, shape (n_epochs,); seconds in the queue, and in the model."""

    probabilities: Float64s
    waited_s: float
    scored_s: float


class Scorer:
    """Asks predictors; as many slow ones at once as there are cores, and at most :data:`MAX_WAITING` in all."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="scoring")
        self._n_waiting = 0

    async def score(self, predictor: Predictor, features: Float32s) -> Scores:
        """Score features of shape (n_epochs, n_features).

        Raises
        ------
        InvalidInput
            A feature that is not finite.
        Unavailable
            Too many requests wait already.
        """
        asked_s = time.perf_counter()
        if predictor.logits is not None:  # a dot product is done sooner than a thread has started
            return _score(predictor, features, asked_s)
        if self._n_waiting >= MAX_WAITING:
            raise Unavailable(f"{MAX_WAITING} requests wait for this model already: ask again later")
        self._n_waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, _score, predictor, features, asked_s)
        finally:
            self._n_waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _score(predictor: Predictor, features: Float32s, asked_s: float) -> Scores:
    began_s = time.perf_counter()
    probabilities = predictor.probabilities(features)
    return Scores(probabilities, began_s - asked_s, time.perf_counter() - began_s)
