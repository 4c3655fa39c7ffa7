"""Scoring off the event loop for models that are slow, and on it for those that are not."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from p300.domain import Float32s, Float64s
from p300.errors import Unavailable
from p300.serving.predictor import Predictor

MAX_WAITING = 64


class Scorer:
    """Asks predictors; at most so many slow ones at once, and at most :data:`MAX_WAITING` in the queue.

    Parameters
    ----------
    max_epochs : int
        Most epochs that one request may hold.
    """

    def __init__(self, max_epochs: int) -> None:
        self.max_epochs = max_epochs
        self._threads = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="scoring")
        self._n_waiting = 0

    async def probabilities(self, predictor: Predictor, features: Float32s) -> Float64s:
        """Probability of Target, shape (n_epochs,), of features of shape (n_epochs, n_features).

        Raises
        ------
        InvalidInput
            A feature that is not finite.
        Unavailable
            Too many requests wait already.
        """
        if predictor.logits is not None:  # a dot product is done sooner than a thread has started
            return predictor.probabilities(features)
        if self._n_waiting >= MAX_WAITING:
            raise Unavailable(f"{MAX_WAITING} requests wait for this model already: ask again later")
        self._n_waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, predictor.probabilities, features)
        finally:
            self._n_waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
