"""Ask a served alias for predictions, many epochs a request.

The binary encoding of the Open Inference Protocol is the fast path. A server without that route
(it answers 404) is asked in JSON instead, from then on.
"""

import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import orjson
from pydantic import ValidationError

from p300.domain import Float32s
from p300.errors import InvalidInput, NotFound, Unavailable
from p300.simulator.transport import PATIENCE_S, post
from p300.wire import (
    JSON_LENGTH_HEADER,
    PredictionResponse,
    decode_infer_response,
    encode_infer_request,
    infer_path,
    prediction_path,
)

# A request stays under 1 MB: what nginx takes unless told otherwise, and larger ones were no faster.
REQUEST_BYTES = 1_000_000
BINARY_NUMBER_BYTES = 4
JSON_NUMBER_BYTES = 16  # the longest float32 in shortest decimal form, its comma included

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoint:
    """Where an alias is served, such as ``challenger`` at ``http://localhost:8000``.

    Raises
    ------
    InvalidInput
        The base address is not one of HTTP.
    """

    base_url: str
    alias: str

    def __post_init__(self) -> None:
        if not _is_http_address(self.base_url):
            raise InvalidInput(
                f"base_url {self.base_url!r} is not the address of a server: expected one such as http://localhost:8000"
            )

    def url(self, path: str) -> str:
        return self.base_url.rstrip("/") + path


@dataclass(frozen=True)
class VersionId:
    """A version beyond doubt: its number alone names another one once MLflow was made anew."""

    version: int
    run_id: str


@dataclass(frozen=True)
class Answer:
    """Probability of Target for each epoch, shape (n_epochs,), and the version that said so."""

    probabilities: Float32s
    version: VersionId


class PredictionClient:
    """Asks one endpoint; several requests may be under way at once.

    Parameters
    ----------
    patience_s : float
        How long a request is sent again while nothing answers it.
    """

    def __init__(self, session: aiohttp.ClientSession, endpoint: Endpoint, *, patience_s: float = PATIENCE_S) -> None:
        self._session = session
        self._endpoint = endpoint
        self._patience_s = patience_s
        self._binary = True

    def epochs_per_request(self, n_features: int) -> int:
        """How many epochs fit into one request, in the encoding that the server is known to take."""
        number_bytes = BINARY_NUMBER_BYTES if self._binary else JSON_NUMBER_BYTES
        return max(1, REQUEST_BYTES // (n_features * number_bytes))

    async def ask(self, features: Float32s) -> Answer:
        """Probabilities of the epochs in `features`, shape (n_epochs, n_features).

        Raises
        ------
        InvalidInput, PayloadTooLarge, NotFound, Refused, Unavailable
            See :func:`p300.simulator.transport.post`; also Unavailable if the answer makes no sense.
        """
        if self._binary:
            try:
                return await self._ask_binary(features)
            except NotFound:
                self._binary = False
                logger.info("%s has no Open Inference Protocol: asking in JSON", self._endpoint.base_url)
        return await self._ask_json(features)

    async def _ask_binary(self, features: Float32s) -> Answer:
        url = self._endpoint.url(infer_path(self._endpoint.alias))
        headers, body = encode_infer_request(features)
        response = await post(self._session, url, headers, body, patience_s=self._patience_s)
        try:
            json_length = int(response.headers.get(JSON_LENGTH_HEADER, 0))
            header, probabilities = decode_infer_response(json_length, response.body)
            version = VersionId(int(header["model_version"]), str(header["parameters"]["run_id"]))
        except (InvalidInput, KeyError, TypeError, ValueError) as error:
            raise Unavailable(f"{url} answered, but not with probabilities and a version: {error}") from error
        return _answer(url, features, probabilities, version)

    async def _ask_json(self, features: Float32s) -> Answer:
        url = self._endpoint.url(prediction_path(self._endpoint.alias))
        body = orjson.dumps({"epochs": np.ascontiguousarray(features)}, option=orjson.OPT_SERIALIZE_NUMPY)
        headers = {"content-type": "application/json"}
        response = await post(self._session, url, headers, body, patience_s=self._patience_s)
        try:
            answer = PredictionResponse.model_validate_json(response.body)
        except ValidationError as error:
            raise Unavailable(f"{url} answered, but not with predictions: {error}") from error
        probabilities = np.array([p.probability_target for p in answer.predictions], dtype=np.float32)
        return _answer(url, features, probabilities, VersionId(answer.model.version, answer.model.run_id))


def _is_http_address(text: str) -> bool:
    try:
        address = urlsplit(text)
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:  # of a port that is no number, or an unfinished IPv6 address
        return False


def _answer(url: str, features: Float32s, probabilities: Float32s, version: VersionId) -> Answer:
    if len(probabilities) != len(features):
        raise Unavailable(f"{url} answered with {len(probabilities)} probabilities for {len(features)} epochs")
    return Answer(probabilities, version)
