"""Provision: the buckets of an S3 server, and a key for each service that opens no more than it needs.

Every step sets a state and can be repeated: again changes nothing, and a changed secret takes effect.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tenacity import Retrying, before_sleep_log, retry_if_exception_type, stop_after_delay, wait_random_exponential

from p300.errors import InvalidInput, Unavailable
from p300.stack.public_secrets import require_private
from p300.store.keys import minio, versitygw
from p300.store.keys.access import SERVICES
from p300.store.layout import BUCKETS, RAW
from p300.store.login import S3Login
from p300.store.s3 import S3Store

SERVER_VARIABLE = "P300_STORE_SERVER"
ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
ROOT_VARIABLES = ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD")
# A server that was just started answers within seconds.
PATIENCE_S = 60.0

logger = logging.getLogger(__name__)


class StoreServer(StrEnum):
    """Who the S3 server is: each has its own way to make keys."""

    MINIO = "minio"
    VERSITYGW = "versitygw"


@dataclass(frozen=True)
class Plan:
    """The server, its root's login, and the secret of each service by the id of its key."""

    server: StoreServer
    root: S3Login
    secrets: Mapping[str, str] = field(repr=False)


def read_plan(variables: Mapping[str, str], environment: str) -> Plan:
    """Read what is to be provisioned from environment variables.

    Raises
    ------
    InvalidInput
        Naming every variable that is missing, and every secret that the whole world knows because
        it begins like those of dev, and this is another environment.
    """
    secret_variables = {service.key_id: service.secret_variable for service in SERVICES}
    secret_names = (*ROOT_VARIABLES, *secret_variables.values())
    require_private((ENDPOINT_VARIABLE, *secret_names), environment, variables)
    user, password = (variables[name] for name in ROOT_VARIABLES)
    return Plan(
        server=_server(variables.get(SERVER_VARIABLE, StoreServer.MINIO)),
        root=S3Login(variables[ENDPOINT_VARIABLE], user, password),
        secrets={key_id: variables[name] for key_id, name in secret_variables.items()},
    )


def provision(plan: Plan, *, patience_s: float = PATIENCE_S) -> None:
    """Make the buckets, keep versions of the raw data, and set every service's key.

    Parameters
    ----------
    patience_s : float
        How long to go on asking a server that does not answer, in seconds.

    Raises
    ------
    Unavailable
        The server does not answer in that time.
    InvalidInput
        It refuses root, or a secret.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(Unavailable),
        stop=stop_after_delay(patience_s),
        wait=wait_random_exponential(max=5),
        before_sleep=before_sleep_log(logger, logging.INFO),
        reraise=True,
    )
    attempts(_provision, plan)


def _provision(plan: Plan) -> None:
    store = S3Store(plan.root)
    for bucket in BUCKETS:
        store.make_bucket(bucket)
    store.keep_versions(RAW)
    set_keys = minio.set_keys if plan.server is StoreServer.MINIO else versitygw.set_keys
    set_keys(plan.root, plan.secrets)
    logger.info("%s has its buckets and the keys %s", plan.root.endpoint_url, ", ".join(plan.secrets))


def _server(name: str) -> StoreServer:
    try:
        return StoreServer(name)
    except ValueError:
        raise InvalidInput(f"{SERVER_VARIABLE} is {name!r}, expected one of {', '.join(StoreServer)}") from None
