"""The whole service without a protocol: a query to its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from p300.domain import Float32s, Float64s, Labels
from p300.errors import InvalidInput, NotFound
from p300.serving.models.follower import Follower
from p300.serving.models.predictor import decide
from p300.serving.models.scorer import Scorer
from p300.wire import AliasStatus, ModelIdentity


class Expected(NamedTuple):
    """What a query to an alias must hold; `layout` is the number of features in a person's words."""

    alias: str
    n_features: int
    layout: str
    max_epochs: int


@dataclass(slots=True)
class Query:
    """Epochs for the version under an alias. A protocol that remembers more of a request has a kind of its own.

    Attributes
    ----------
    alias : str
        Who is asked: the arm that was chosen for this request.
    features : ndarray of float32, shape (n_epochs, n_features)
    """

    alias: str
    features: Float32s
    request_id: str


class Answer(NamedTuple):
    """Probabilities of Target, shape (n_epochs,), and the version that gave them under the alias that was asked.

    ``waited_s`` was spent in the queue of a slow model, ``scored_s`` in the model.
    """

    model: ModelIdentity
    probabilities: Float64s
    waited_s: float = 0.0
    scored_s: float = 0.0

    @property
    def labels(self) -> Labels:
        """Label of each epoch, shape (n_epochs,)."""
        return decide(self.probabilities)


class Service:
    """Answers queries from the versions that its followers hold.

    Parameters
    ----------
    followers : mapping of str to Follower
        By alias. One process may hold any number of them.
    max_epochs : int
        Most epochs in one query.
    """

    def __init__(self, followers: Mapping[str, Follower], *, max_epochs: int) -> None:
        self._followers = followers
        self._scorer = Scorer()
        self._max_epochs = max_epochs

    @property
    def aliases(self) -> tuple[str, ...]:
        return tuple(self._followers)

    def expected(self, alias: str) -> Expected:
        """What a query to `alias` must hold now.

        Raises
        ------
        NotFound
            There is no such alias here.
        NoModel
            Nothing answers for it.
        """
        predictor = self._follower(alias).predictor()
        return Expected(alias, predictor.n_features, predictor.layout, self._max_epochs)

    async def answer(self, query: Query) -> Answer:
        """Ask the version that is under the alias now.

        Raises
        ------
        InvalidInput
            A feature that is not finite, or another number of features than the version takes.
        NotFound, NoModel, Unavailable
            Nobody answers for the alias, or too many requests wait for it.
        """
        predictor = self._follower(query.alias).predictor()
        if query.features.shape[1] != predictor.n_features:  # another version came after the query was read
            raise InvalidInput(f"an epoch has {query.features.shape[1]} features, expected {predictor.layout}")
        scores = await self._scorer.score(predictor, query.features)
        return Answer(predictor.identity, scores.probabilities, scores.waited_s, scores.scored_s)

    def identity(self, alias: str) -> ModelIdentity:
        """The version that answers for `alias`; raises as :meth:`expected` does."""
        return self._follower(alias).predictor().identity

    def status(self, alias: str) -> AliasStatus:
        """What answers for `alias`, if anything does. Raises NotFound where there is no such alias here."""
        return self._follower(alias).status()

    def statuses(self) -> dict[str, AliasStatus]:
        return {alias: follower.status() for alias, follower in self._followers.items()}

    def is_ready(self) -> bool:
        """Whether a model answers for one alias at least."""
        return any(status.state == "serving" for status in self.statuses().values())

    def close(self) -> None:
        """Let go of the queries that wait."""
        self._scorer.close()

    def _follower(self, alias: str) -> Follower:
        follower = self._followers.get(alias)
        if follower is None:
            raise NotFound(f"no model is called {alias!r} here, expected one of {', '.join(self._followers)}")
        return follower
