"""One POST over HTTP, sent again where a second try may help and can do no harm."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import orjson
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    RetryError,
    retry_if_exception_type,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from p300.errors import InvalidInput, NotFound, P300Error, PayloadTooLarge, Refused, Unavailable

REQUEST_TIMEOUT_S = 30.0
PATIENCE_S = 15.0  # a service that restarts, or loads its first model, is back by then
# Predicting changes nothing on the server, so the same request may follow any of these.
TRANSIENT_STATUSES = frozenset({429, 502, 503, 504})
REFUSALS: Mapping[int, type[P300Error]] = {
    400: InvalidInput,
    404: NotFound,
    413: PayloadTooLarge,
    422: InvalidInput,
}

logger = logging.getLogger(__name__)
_backoff = wait_exponential(multiplier=0.2, max=3.0) + wait_random(0.0, 0.1)


@dataclass(frozen=True)
class Response:
    """A 200 answer. Header names are found in any case."""

    headers: Mapping[str, str]
    body: bytes


def open_session(*, connections: int) -> aiohttp.ClientSession:
    """Make a session that holds at most so many connections open. It belongs to the running event loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections), timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
    )


async def post(
    session: aiohttp.ClientSession,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    patience_s: float = PATIENCE_S,
) -> Response:
    """Send `body` until it is answered with 200, or with something that will not change.

    Sent again, with growing pauses or when ``Retry-After`` says: whatever found no server or lost
    it, and 429, 502, 503 and 504.

    Parameters
    ----------
    patience_s : float
        How long it may be sent again.

    Raises
    ------
    InvalidInput, PayloadTooLarge, NotFound, Refused
        The server's own reason for a 4xx answer; these are never sent again.
    Unavailable
        No server, or none that can answer within `patience_s`.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(_TransientError),
        stop=stop_before_delay(patience_s),
        wait=_wait_s,
        before_sleep=_log_retry,
    )
    try:
        return await retrying(_post_once, session, url, headers, body)
    except RetryError as error:
        reason = error.last_attempt.exception()
        raise Unavailable(f"{reason} (asked {error.last_attempt.attempt_number} times)") from reason


class _TransientError(Exception):
    """A request that may well succeed when it is sent again."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


async def _post_once(session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], body: bytes) -> Response:
    try:
        async with session.post(url, headers=headers, data=body, allow_redirects=False) as response:
            answer = await response.read()
    except TimeoutError as error:
        raise _TransientError(f"{url} did not answer within {REQUEST_TIMEOUT_S:g} s") from error
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
        raise _TransientError(f"{url} cannot be reached: {error}") from error
    except aiohttp.ClientError as error:
        raise Unavailable(f"{url} does not speak HTTP: {error}") from error
    if response.status != 200:
        raise _failure(response, answer)
    return Response(response.headers, answer)


def _failure(response: aiohttp.ClientResponse, body: bytes) -> Exception:
    status, headers = response.status, response.headers
    reason = f"{response.url} answered {status}: {_sentence(body)}"
    if status in TRANSIENT_STATUSES:
        retry_after = headers.get("retry-after", "")
        return _TransientError(reason, retry_after_s=float(retry_after) if retry_after.isdecimal() else None)
    if 300 <= status < 400:
        return Refused(f"{response.url} redirects to {headers.get('location')}: give that server's base_url")
    return REFUSALS.get(status, Refused if 400 <= status < 500 else Unavailable)(reason)


def _sentence(body: bytes) -> str:
    """What the server said: our error, another's JSON or the beginning of a page."""
    try:
        return str(orjson.loads(body)["error"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return body[:200].decode(errors="replace").strip() or "no explanation"


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _TransientError) and error.retry_after_s is not None:
        return error.retry_after_s
    return _backoff(state)


def _log_retry(state: RetryCallState) -> None:
    if state.outcome and state.next_action:
        logger.debug("%s; asking again for up to %g s", state.outcome.exception(), PATIENCE_S)
