"""What is known of a version and of its simulations: as MLflow has them, in our words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from p300.registry.records import Means, Origin, SimulationRun


@dataclass(frozen=True)
class ModelVersion:
    """A registered version. Aliases are those it had when it was asked for."""

    version: int
    run_id: str
    aliases: tuple[str, ...]
    tags: Mapping[str, str] = field(hash=False)
    created: datetime

    @property
    def origin(self) -> Origin:
        """What it was made of, as its tags say."""
        return Origin.of(self.tags)


@dataclass(frozen=True)
class Simulation:
    """A finished simulation of a version: who was asked about whom, and how well it was answered."""

    run_id: str
    run: SimulationRun
    means: Means


def model_version(entity: Any, aliases: Iterable[str]) -> ModelVersion:
    """A version as MLflow gives it, with its aliases."""
    return ModelVersion(
        version=int(entity.version),
        run_id=str(entity.run_id),
        aliases=tuple(sorted(aliases)),
        tags=dict(entity.tags),
        created=datetime.fromtimestamp(entity.creation_timestamp / 1000, tz=UTC),
    )
