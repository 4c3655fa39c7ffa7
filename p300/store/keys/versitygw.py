"""Keys of services on VersityGW: accounts without rights of their own, and bucket policies that name them."""

from collections.abc import Mapping
from contextlib import closing
from xml.etree import ElementTree

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from p300.errors import InvalidInput, Unavailable
from p300.store.keys.access import SERVICES, bucket_policy
from p300.store.layout import BUCKETS
from p300.store.login import S3Login
from p300.store.s3 import S3Store

# An account of this role makes no bucket.
_ROLE = "user"


def set_keys(root: S3Login, secrets: Mapping[str, str]) -> None:
    """Make every service's key, or give it the secret and rights that it should have.

    The buckets must be there already: the rights are written at them.

    Parameters
    ----------
    secrets : mapping of str to str
        By key id.

    Raises
    ------
    Unavailable
        The server does not answer.
    InvalidInput
        It refuses root, or a secret.
    """
    with closing(URLLib3Session()) as http:
        for service in SERVICES:
            _set_account(http, root, service.key_id, secrets[service.key_id])
    store = S3Store(root)
    for bucket in BUCKETS:
        store.set_policy(bucket, bucket_policy(bucket))


def _set_account(http: URLLib3Session, root: S3Login, key_id: str, secret: str) -> None:
    fields = {"Secret": secret, "Role": _ROLE}
    answer = _ask(http, root, "update-user", _xml("MutableProps", fields), access=key_id)
    if answer.status_code == 404:
        answer = _ask(http, root, "create-user", _xml("Account", {"Access": key_id, **fields}))
    if answer.status_code >= 500:
        raise Unavailable(f"VersityGW at {root.endpoint_url} did not set the key {key_id}: {answer.text}")
    if answer.status_code >= 400:
        raise InvalidInput(f"VersityGW at {root.endpoint_url} refuses to set the key {key_id}: {answer.text}")


def _ask(http: URLLib3Session, root: S3Login, command: str, body: bytes, **query: str) -> AWSResponse:
    request = AWSRequest("PATCH", f"{root.endpoint_url}/{command}", data=body, params=query)
    S3SigV4Auth(Credentials(root.access_key, root.secret_key), "s3", root.region).add_auth(request)
    try:
        return http.send(request.prepare())
    except BotoCoreError as error:
        raise Unavailable(f"VersityGW at {root.endpoint_url} does not answer: {error}") from error


def _xml(name: str, fields: Mapping[str, str]) -> bytes:
    element = ElementTree.Element(name)
    for field, value in fields.items():
        ElementTree.SubElement(element, field).text = value
    return ElementTree.tostring(element)
