"""Where a command finds the store: the rule that lets one on the host follow an MLflow into its stack."""

from collections.abc import Callable

from p300.settings import DeploymentSettings, RegistrySettings, StoreSettings, read_settings
from p300.stack.environment import Environment
from p300.stack.reach import known_environment, root_store, simulator_store
from p300.store.objects import ObjectStore, open_store


def store_for_reading_features(tracking_uri: str | None) -> ObjectStore:
    """The store that goes with an MLflow, as far as the simulator may read it; see `_store`."""
    return _store(tracking_uri, simulator_store)


def store_for_looking_around(tracking_uri: str | None) -> ObjectStore:
    """The store that goes with an MLflow, every bucket of it; see `_store`."""
    return _store(tracking_uri, root_store)


def _store(tracking_uri: str | None, store_of: Callable[[Environment], ObjectStore]) -> ObjectStore:
    """``P300_STORE_URL`` if it is set; with an MLflow server, the store of the stack of ``P300_ENV``; else the default.

    Raises
    ------
    InvalidInput
        The stack's store is wanted, and nothing here says where it is.
    """
    store = read_settings(StoreSettings)
    if "store_url" in store.model_fields_set or not _is_server(
        tracking_uri or read_settings(RegistrySettings).mlflow_tracking_uri
    ):
        return open_store(store.store_url)
    return store_of(known_environment(read_settings(DeploymentSettings).env))


def _is_server(tracking_uri: str) -> bool:
    return tracking_uri.startswith(("http://", "https://"))
