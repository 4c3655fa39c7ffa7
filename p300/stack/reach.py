"""How a command on this machine reaches the store of a stack."""

from p300.errors import InvalidInput
from p300.stack.environment import Environment, load_environment
from p300.store.keys.access import SERVICES
from p300.store.objects import ObjectStore, open_s3

SIMULATOR = "p300-simulator"
STORE_PORT = "MINIO_PORT"


def root_store(environment: Environment) -> ObjectStore:
    """The store of a stack, with the key that opens everything."""
    return open_s3(
        endpoint_url=environment.url(STORE_PORT),
        access_key=environment.value("MINIO_ROOT_USER"),
        secret_key=environment.value("MINIO_ROOT_PASSWORD"),
    )


def simulator_store(environment: Environment) -> ObjectStore:
    """The store of a stack, with the simulator's key: it reads features and nothing else."""
    secret = {service.key_id: service.secret_variable for service in SERVICES}[SIMULATOR]
    return open_s3(endpoint_url=environment.url(STORE_PORT), access_key=SIMULATOR, secret_key=environment.value(secret))


def known_environment(name: str) -> Environment:
    """The environment of a stack whose MLflow was named, but not its store.

    Raises
    ------
    InvalidInput
        There is no checkout here that says where that store is.
    """
    try:
        return load_environment(name)
    except InvalidInput as error:
        raise InvalidInput(
            f"where the store of {name} is cannot be read ({error}): set P300_STORE_URL to a folder, or to s3:// with "
            "AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error
