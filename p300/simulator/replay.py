"""Send the epochs of whole subjects to a served alias, and take only one version's answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping

import numpy as np

from p300.domain import FeatureTable, Float32s, SubjectId, subject_name
from p300.errors import InvalidInput, Refused, Unavailable
from p300.model.answers import Answers, Flashes, SubjectAnswers
from p300.simulator.client import Endpoint, PredictionClient, VersionId
from p300.simulator.transport import open_session

CONCURRENCY = 4
SETTLE_S = 30.0
SETTLE_POLL_S = 0.25

OnBatch = Callable[[int], None]
OnSubject = Callable[[SubjectId], None]


def replay(
    endpoint: Endpoint,
    tables: Mapping[SubjectId, FeatureTable],
    version: VersionId,
    *,
    on_batch: OnBatch = lambda _n_epochs: None,
    on_subject: OnSubject = lambda _subject: None,
) -> Answers:
    """Ask `endpoint` about every epoch of every table: several epochs a request, a few requests at a time.

    Parameters
    ----------
    tables : mapping of int to FeatureTable
        Read one by one as their turn comes, so that they need not fit into memory together.
    version : VersionId
        The version that must answer. A server that still has to follow a moved alias is given half a minute.
    on_batch : callable
        Told how many epochs were answered, after each request.
    on_subject : callable
        Told each subject once all of its epochs are on their way.

    Raises
    ------
    Refused
        Another version answered in between, so that the answers are no one version's.
    Unavailable
        The server cannot be reached, or stays on another version.
    InvalidInput
        A table without epochs, or the server's reason to refuse them, such as their length.
    """
    return Answers(asyncio.run(_replay(endpoint, tables, version, on_batch, on_subject)))


async def _replay(
    endpoint: Endpoint,
    tables: Mapping[SubjectId, FeatureTable],
    version: VersionId,
    on_batch: OnBatch,
    on_subject: OnSubject,
) -> dict[SubjectId, SubjectAnswers]:
    answers: dict[SubjectId, SubjectAnswers] = {}
    async with open_session(connections=CONCURRENCY) as session:
        client = PredictionClient(session, endpoint)
        await _settle(client, endpoint, tables, version)
        batches = _batches(client, tables, answers, on_subject)
        turn = asyncio.Lock()  # an asynchronous generator serves one caller at a time

        async def work() -> None:
            while True:
                async with turn:
                    batch = await anext(batches, None)
                if batch is None:
                    return
                features, probabilities = batch
                answer = await client.ask(features)
                if answer.version != version:
                    raise Refused(_swapped(endpoint, version, answer.version))
                probabilities[:] = answer.probabilities
                on_batch(len(features))

        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(CONCURRENCY):
                    workers.create_task(work())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
    return answers


async def _settle(
    client: PredictionClient, endpoint: Endpoint, tables: Mapping[SubjectId, FeatureTable], version: VersionId
) -> None:
    """Ask about a single epoch until the expected version answers; this also settles the encoding."""
    table = await asyncio.to_thread(_read, tables, next(iter(tables)))
    deadline_s = time.monotonic() + SETTLE_S
    while (answer := await client.ask(table.features[:1])).version != version:
        if time.monotonic() > deadline_s:
            came, expected = _told_apart(answer.version, version)
            raise Unavailable(
                f"{endpoint.base_url} answers for {endpoint.alias} with {came}, though MLflow has "
                f"had {expected} under it for {SETTLE_S:g} s: is it the right server, does it follow the same MLflow, "
                f"and could it load {expected}? {endpoint.url('/health/ready')} says more"
            )
        await asyncio.sleep(SETTLE_POLL_S)


async def _batches(
    client: PredictionClient,
    tables: Mapping[SubjectId, FeatureTable],
    answers: dict[SubjectId, SubjectAnswers],
    on_subject: OnSubject,
) -> AsyncIterator[tuple[Float32s, Float32s]]:
    """The features of a batch and the stretch of its subject's answers, made here, that its answer fills."""
    async for subject, table in _read_ahead(tables):
        n_epochs, n_features = table.features.shape
        probabilities = np.empty(n_epochs, dtype=np.float32)
        answers[subject] = SubjectAnswers(Flashes.of(table.targets, table.provenance), probabilities)
        step = client.epochs_per_request(n_features)
        for start in range(0, n_epochs, step):
            yield table.features[start : start + step], probabilities[start : start + step]
        on_subject(subject)


async def _read_ahead(
    tables: Mapping[SubjectId, FeatureTable],
) -> AsyncIterator[tuple[SubjectId, FeatureTable]]:
    """Read the next table in a thread while this one is sent: decoding takes longer than sending."""
    subjects = list(tables)
    readings = (asyncio.create_task(asyncio.to_thread(_read, tables, subject)) for subject in subjects)
    reading = next(readings)
    for subject in subjects:
        table = await reading
        reading = next(readings, reading)
        yield subject, table


def _read(tables: Mapping[SubjectId, FeatureTable], subject: SubjectId) -> FeatureTable:
    table = tables[subject]
    if not len(table.features):
        raise InvalidInput(f"{subject_name(subject)} has no epochs, as every flash was rejected: leave it out")
    return table


def _swapped(endpoint: Endpoint, expected: VersionId, came: VersionId) -> str:
    first, then = _told_apart(expected, came)
    return (
        f"{endpoint.alias} was {first} and then {then} while subjects were scored: the alias moved, "
        "or replicas disagree. These are the answers of no one version, and nothing was recorded; run it again"
    )


def _told_apart(one: VersionId, other: VersionId) -> tuple[str, str]:
    if one.version != other.version:
        return f"version {one.version}", f"version {other.version}"
    return f"version {one.version} of run {one.run_id}", f"version {other.version} of run {other.run_id}"
