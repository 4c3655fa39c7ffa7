"""Deployment settings, from the environment: one class a service, with what that service reads.

They are what differs between the embedded default and the platform; the code is the same. Entry points
read them with :func:`read_settings`, never a module on import. The standard ``AWS_ENDPOINT_URL``,
``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY`` are read by boto3 itself, and ``WANDB_API_KEY`` by
wandb.
"""

from p300.settings.deployment import DeploymentSettings, LogSettings
from p300.settings.places import RegistrySettings, StoreSettings
from p300.settings.preprocessing import RecipeSettings
from p300.settings.reading import read_settings, refused_values, variable_of
from p300.settings.serving import ServingAddress, ServingSettings
from p300.settings.simulation import SimulationSettings

# Every setting there is, each in one of them.
KINDS = (
    DeploymentSettings,
    StoreSettings,
    RegistrySettings,
    RecipeSettings,
    ServingSettings,
    SimulationSettings,
    LogSettings,
)

__all__ = [
    "KINDS",
    "DeploymentSettings",
    "LogSettings",
    "RecipeSettings",
    "RegistrySettings",
    "ServingAddress",
    "ServingSettings",
    "SimulationSettings",
    "StoreSettings",
    "read_settings",
    "refused_values",
    "variable_of",
]
