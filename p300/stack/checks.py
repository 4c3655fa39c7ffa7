"""Checks of an environment by reading alone. Each gives a sentence for everything that is wrong."""

import base64
import binascii
import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from p300.settings import KINDS, refused_values, variable_of
from p300.stack.environment import ENVIRONMENTS, Environment, committed_file, load_environment, secrets_file
from p300.stack.public_secrets import DEV

SHORTEST_SECRET = 16
# Airflow signs with HMAC-SHA512, whose key should be as long as its hash.
SHORTEST = {"AIRFLOW_JWT_SECRET": 64}
FERNET_KEY = "AIRFLOW_FERNET_KEY"
FERNET_BYTES = 32

# Names that two environments on one machine cannot share, beside their ports.
OWN_NAMES = ("P300_PROJECT", "P300_NETWORK", "P300_IMAGE_TAG")
_PREFIX = "P300_"
_CODE = ("p300/**/*.py", "dags/**/*.py", "airflow/p300_airflow/**/*.py", "*/*.sh")
# A secret stands in database addresses and in files that Compose reads: what needs no quoting in either.
_PLAIN = re.compile(r"[A-Za-z0-9._~=-]*")


def check_secrets(environment: Environment) -> Iterator[str]:
    """Every secret is given, private, long enough and used once; dev's are public and need only be there."""
    yield from map(environment.where_to_give, environment.missing_secrets)
    yield from _wrong_shapes(environment)
    if environment.name == DEV:
        return
    yield from (
        f"{name} begins with dev-, so the whole world knows it: give it a value of its own"
        for name in environment.public_secrets
    )
    yield from (
        f"{name} stands in {committed_file(environment.name)}, which is committed: "
        f"write ${{{name}:?...}} there and its value in {secrets_file(environment.name)}"
        for name in environment.committed_secrets
    )
    yield from _short_secrets(environment)
    yield from _shared_secrets(environment)
    strange = sorted(set(environment.uncommitted) - set(environment.secrets))
    yield from (f"{name} in {secrets_file(environment.name)} is no secret, and is not read" for name in strange)


def _wrong_shapes(environment: Environment) -> Iterator[str]:
    for name in environment.secrets:
        if not _PLAIN.fullmatch(environment.values[name]):
            yield f"{name} holds what addresses and env files read otherwise: take letters, digits and ._~=-"
    key = environment.values.get(FERNET_KEY, "")
    if key and not _is_fernet_key(key):
        yield f"{FERNET_KEY} is no Fernet key: expected {FERNET_BYTES} bytes in URL-safe base64"


def _is_fernet_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == FERNET_BYTES
    except (binascii.Error, ValueError):
        return False


def _short_secrets(environment: Environment) -> Iterator[str]:
    for name in environment.secrets:
        n_characters, least = len(environment.values[name]), SHORTEST.get(name, SHORTEST_SECRET)
        if 0 < n_characters < least:
            yield f"{name} has {n_characters} characters, expected at least {least}"


def _shared_secrets(environment: Environment) -> Iterator[str]:
    holders = defaultdict(list)
    for name in environment.secrets:
        holders[environment.values[name]].append(name)
    for value, names in holders.items():
        if value and len(names) > 1:
            yield f"{' and '.join(names)} are the same: one that leaks would open the other's door"


def check_ports(environment: Environment) -> Iterator[str]:
    """Ports are numbers, each used once, and no other environment has them or the names of this one."""
    try:
        ipaddress.ip_address(environment.values.get("BIND_ADDRESS", ""))
    except ValueError:
        yield f"BIND_ADDRESS is {environment.values.get('BIND_ADDRESS')!r}: expected an address such as 127.0.0.1"
    ports = {name: environment.values[name] for name in _port_names(environment)}
    for name, port in ports.items():
        if not (port.isdecimal() and 1 <= int(port) <= 65535):
            yield f"{name} is {port!r}: expected a number from 1 to 65535"
        twins = [other for other, number in ports.items() if number == port]
        if name == twins[0] and len(twins) > 1:
            yield f"{' and '.join(twins)} are all {port}"
    for other in ENVIRONMENTS:
        if other != environment.name:
            yield from _clashes(environment, load_environment(other, environment.root, {}))


def _clashes(environment: Environment, other: Environment) -> Iterator[str]:
    theirs = {other.values[name]: name for name in _port_names(other)}
    for name in _port_names(environment):
        port = environment.values[name]
        if port in theirs:
            yield f"{name} is {port}, which is {theirs[port]} in {committed_file(other.name)}"
    for name in OWN_NAMES:
        if environment.values.get(name) == other.values.get(name):
            yield f"{name} is {environment.values.get(name)}, as in {committed_file(other.name)}"


def _port_names(environment: Environment) -> list[str]:
    return [name for name in environment.committed if name.endswith("_PORT")]


def check_settings(services: Mapping[str, Mapping[str, str]], root: Path) -> Iterator[str]:
    """Each service's variables are settings that exist, with values that they take.

    Parameters
    ----------
    services : mapping of str to mapping
        By service: its environment as Compose resolves it.
    root : Path
        The checkout: a variable that is no setting must be read somewhere in its code.
    """
    code = "\n".join(file.read_text() for file in chain.from_iterable(map(root.glob, _CODE)))
    for service, variables in services.items():
        yield from (f"{service}: {sentence}" for sentence in _refused(variables))
        for name in variables:
            if name.startswith(_PREFIX) and not _is_read(name, code):
                yield f"{service}: {name} is read nowhere"


def _is_read(name: str, code: str) -> bool:
    # By its name, or as the field of a settings class.
    field = name.removeprefix(_PREFIX).lower()
    return re.search(rf"\b{name}\b|^    {field}: ", code, re.MULTILINE) is not None


def _refused(variables: Mapping[str, str]) -> Iterator[str]:
    for kind in KINDS:
        given = {field: variables[name] for field in kind.model_fields if (name := variable_of(field)) in variables}
        try:
            _given(kind, given)
        except ValidationError as error:
            yield from refused_values(error)


def _given(kind: type[BaseSettings], values: Mapping[str, str]) -> BaseSettings:
    """Settings of somebody else's environment: nothing comes from this process's own."""

    class Given(kind):  # type: ignore[misc, valid-type]
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],  # noqa: ARG003
            init_settings: PydanticBaseSettingsSource,
            **_others: object,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (init_settings,)

    return Given(**values)
