"""Promotion and rollback in a real MLflow, killed at every step and run again."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from p300.domain import CHALLENGER, CHAMPION, PREVIOUS_CHAMPION, SubjectId
from p300.domain.recipe import Recipe
from p300.errors import Refused
from p300.registry import ModelCard, Registry, TrainedModel
from p300.rollout.promotion import Move, promote, rollback

ALIASES = (CHAMPION, CHALLENGER, PREVIOUS_CHAMPION)
Aliases = tuple[int | None, int | None, int | None]
Kill = Callable[[str, int, str], bool]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A registry of three versions."""
    registry = Registry(f"sqlite:///{tmp_path_factory.mktemp('promotion') / 'mlflow.db'}")
    features = np.random.default_rng(1).standard_normal((40, 3)).astype(np.float32)
    estimator = LinearDiscriminantAnalysis().fit(features, np.arange(40) % 2 + 1)
    card = ModelCard((SubjectId(1),), Recipe(), ("Cz",))
    with registry.start_run("training", kind="training") as run:
        for _ in range(3):
            registry.register(run, TrainedModel(estimator, card, features[:1]))
    return registry


def _put(registry: Registry, aliases: Aliases) -> None:
    for alias, version in zip(ALIASES, aliases, strict=True):
        if version is None:
            registry.delete_alias(alias)
        else:
            registry.set_alias(alias, version)


def _aliases(registry: Registry) -> Aliases:
    champion, challenger, previous = (
        None if (found := registry.version_under(alias)) is None else found.version for alias in ALIASES
    )
    return champion, challenger, previous


@pytest.mark.parametrize(
    ("job", "before", "after", "move"),
    [
        (promote, (None, 1, None), (1, 1, None), Move(None, 1)),
        (promote, (1, 2, None), (2, 2, 1), Move(1, 2)),
        (promote, (2, 3, 1), (3, 3, 2), Move(2, 3)),
        (promote, (2, 2, 1), (2, 2, 1), Move(2, 2)),
        (rollback, (3, 3, 2), (2, 3, None), Move(3, 2)),
        (rollback, (None, 3, 2), (2, 3, None), Move(None, 2)),
        (promote, (2, 3, None), (3, 3, 2), Move(2, 3)),
    ],
)
def test_moves(
    registry: Registry, job: Callable[[Registry], Move], before: Aliases, after: Aliases, move: Move
) -> None:
    _put(registry, before)
    assert job(registry) == move
    assert _aliases(registry) == after


@pytest.mark.parametrize(
    ("job", "aliases", "reason"),
    [
        (promote, (None, None, None), "no version is challenger"),
        (promote, (1, None, None), "no version is challenger"),
        (rollback, (None, None, None), "no version is previous-champion"),
        (rollback, (1, 2, None), "no version is previous-champion"),
    ],
)
def test_nothing_to_move_is_refused(
    registry: Registry, job: Callable[[Registry], Move], aliases: Aliases, reason: str
) -> None:
    _put(registry, aliases)
    with pytest.raises(Refused, match=reason):
        job(registry)
    assert _aliases(registry) == aliases


@pytest.mark.parametrize(
    ("job", "before", "after"),
    [
        (promote, (2, 3, 1), (3, 3, 2)),
        (promote, (None, 1, None), (1, 1, None)),
        (rollback, (3, 3, 2), (2, 3, None)),
    ],
)
def test_killed_at_every_step(
    registry: Registry, kill: Kill, job: Callable[[Registry], Move], before: Aliases, after: Aliases
) -> None:
    step, killed = 0, True
    while killed:
        step += 1
        _put(registry, before)
        killed = kill(job.__name__, step, registry.tracking_uri)
        assert _aliases(registry)[0] in (before[0], after[0]), "the champion is the old version or the new one"
        if killed:
            job(registry)
        assert _aliases(registry) == after, step
    assert step == 1 + sum(old != new for old, new in zip(before, after, strict=True))


def test_the_other_command_takes_over_after_a_kill(registry: Registry, kill: Kill) -> None:
    _put(registry, (1, 2, None))
    assert kill("promote", 2, registry.tracking_uri)
    assert rollback(registry) == Move(1, 1)
    assert _aliases(registry) == (1, 2, None), "a promotion that was called off never was"
    _put(registry, (2, 2, 1))
    assert kill("rollback", 2, registry.tracking_uri)
    assert promote(registry) == Move(1, 2)
    assert _aliases(registry) == (2, 2, 1)
