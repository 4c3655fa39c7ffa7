"""Keys of services on MinIO: users with an IAM policy each."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from minio import MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from p300.errors import InvalidInput, Unavailable
from p300.store.keys.access import SERVICES, service_policy
from p300.store.login import S3Login


def set_keys(root: S3Login, secrets: Mapping[str, str]) -> None:
    """Make every service's key, or give it the secret and policy that it should have.

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
    url = urlsplit(root.endpoint_url)
    with PoolManager(timeout=Timeout(connect=3, read=30), retries=Retry(2, backoff_factor=0.2)) as http:
        admin = MinioAdmin(
            endpoint=url.netloc,
            credentials=StaticProvider(root.access_key, root.secret_key),
            secure=url.scheme == "https",
            http_client=http,
        )
        try:
            for service in SERVICES:
                # A policy has its user's name; a user that is there keeps it and takes the new secret.
                admin.user_add(service.key_id, secrets[service.key_id])
                admin.policy_add(service.key_id, policy=service_policy(service))
                admin.policy_set(service.key_id, user=service.key_id)
        except MinioAdminException as error:
            raise InvalidInput(f"MinIO at {root.endpoint_url} refuses to set the keys of services: {error}") from error
        except HTTPError as error:
            raise Unavailable(f"MinIO at {root.endpoint_url} does not answer: {error}") from error
