"""Status: what is in each bucket, every version of the model, and what the served aliases answer."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import httpx
from pydantic import ValidationError

from p300.domain import MODEL_NAME, SERVED_ALIASES, SubjectId
from p300.errors import NotFound, Unavailable
from p300.registry.overview import VersionOverview, read_overview
from p300.registry.records import Means, Origin, training_subjects_of, validated_subjects_of
from p300.store.objects import ObjectStore
from p300.store.subjects import stored_subjects
from p300.wire import READY_PATH, AliasStatus, Readiness

Seen = TypeVar("Seen")

ANSWER_S = 2.0


@dataclass(frozen=True)
class BucketStatus:
    """How many objects a bucket holds, and of which subjects."""

    bucket: str
    n_objects: int
    subjects: tuple[SubjectId, ...]


@dataclass(frozen=True)
class VersionStatus:
    """A version; `training_subjects` is None and `scores` empty where MLflow has lost them.

    ``scores`` are means over `validated_subjects`, each left out. After an incremental fit these are
    the new subjects alone, so compare scores of two versions only where they are of the same subjects.
    """

    version: int
    aliases: tuple[str, ...]
    candidate: str
    training_subjects: tuple[SubjectId, ...] | None
    scores: Means
    validated_subjects: tuple[SubjectId, ...]
    created: datetime


@dataclass(frozen=True)
class Status:
    """All that could be found out; `served` is what answers for each alias, `problems` what could not be found out."""

    buckets: tuple[BucketStatus, ...]
    versions: tuple[VersionStatus, ...]
    served: Mapping[str, AliasStatus]
    problems: tuple[str, ...]


def status(store: ObjectStore, tracking_uri: str, base_url: str, *, model_name: str = MODEL_NAME) -> Status:
    """Look at the store, the registry and the service at once; one that is away keeps nobody from the others."""
    with ThreadPoolExecutor() as threads:
        looked = (
            threads.submit(lambda: tuple(_bucket(store, bucket) for bucket in store.buckets())),
            threads.submit(lambda: tuple(map(_version, read_overview(tracking_uri, model_name=model_name)))),
            threads.submit(lambda: served_aliases(base_url)),
        )
    problems: list[str] = []
    buckets, versions, served = looked
    return Status(
        _found(buckets, problems) or (),
        _found(versions, problems) or (),
        _found(served, problems) or {},
        tuple(problems),
    )


def _found(looked: "Future[Seen]", problems: list[str]) -> Seen | None:
    try:
        return looked.result()
    except (NotFound, Unavailable) as error:
        problems.append(str(error))
        return None


def served_aliases(base_url: str) -> Mapping[str, AliasStatus]:
    """Ask a service, or the load balancer before several, which version answers for each alias.

    Raises
    ------
    Unavailable
        Nothing answers there, or something else does.
    """
    base_url = base_url.rstrip("/")
    try:
        answer = httpx.get(f"{base_url}{READY_PATH}", timeout=ANSWER_S)
        if answer.status_code == httpx.codes.NOT_FOUND:  # a load balancer: one address an alias
            answers = [httpx.get(f"{base_url}/health-{alias}", timeout=ANSWER_S) for alias in SERVED_ALIASES]
        else:
            answers = [answer]
        found = [Readiness.model_validate_json(answer.content) for answer in answers]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"nothing is served at {base_url} ({error}): start p300 serve") from error
    except ValidationError as error:
        raise Unavailable(f"what answers at {base_url} is no model service of p300, or has no replica") from error
    return {alias: status for readiness in found for alias, status in readiness.models.items()}


def _bucket(store: ObjectStore, bucket: str) -> BucketStatus:
    return BucketStatus(bucket, len(store.list(bucket)), tuple(stored_subjects(store, bucket)))


def _version(version: VersionOverview) -> VersionStatus:
    return VersionStatus(
        version=version.version,
        aliases=version.aliases,
        candidate=Origin.of(version.tags).candidate,
        training_subjects=training_subjects_of(version.params),
        scores=Means.of_validation(version.metrics),
        validated_subjects=validated_subjects_of(version.metrics),
        created=version.created,
    )
