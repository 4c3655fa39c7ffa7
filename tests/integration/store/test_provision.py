"""Provisioning makes what should be, again and again, and a new secret takes effect."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from p300.errors import InvalidInput
from p300.jobs.platform.provision import ENDPOINT_VARIABLE, ROOT_VARIABLES, SERVER_VARIABLE, Plan, provision
from p300.store.keys.access import SERVICES
from p300.store.layout import BUCKETS, FEATURES, RAW
from p300.store.login import S3Login
from p300.store.s3 import S3Store

SCRIPT = Path(__file__).parents[3] / "minio-init/init_minio.py"


def _store(plan: Plan, key_id: str) -> S3Store:
    return S3Store(S3Login(plan.root.endpoint_url, key_id, plan.secrets[key_id]))


def test_again_changes_nothing(plan: Plan, root: S3Store, s3: Any) -> None:
    root.put(FEATURES, "object", b"x")
    provision(plan)
    assert root.buckets() == sorted(BUCKETS)
    assert [bucket for bucket in BUCKETS if s3.BucketVersioning(bucket).status == "Enabled"] == [RAW]
    for service in SERVICES:
        assert _store(plan, service.key_id).buckets() == sorted(service.rights)
    assert root.get(FEATURES, "object") == b"x"


def test_changed_secret_takes_effect(plan: Plan) -> None:
    new = replace(plan, secrets={**plan.secrets, "p300-training": "another-secret"})
    provision(new)
    assert _store(new, "p300-training").buckets() == [FEATURES]
    with pytest.raises(InvalidInput, match="another secret of the key p300-training"):
        _store(plan, "p300-training").buckets()
    assert _store(plan, "p300-simulator").buckets() == [FEATURES]


def test_wrong_root_is_told(plan: Plan) -> None:
    with pytest.raises(InvalidInput, match="another secret of the key p300-root"):
        provision(replace(plan, root=replace(plan.root, secret_key="not-the-secret")))


def test_script_provisions_from_the_environment(plan: Plan) -> None:
    done = _run_script(plan, {"TRAINING_S3_SECRET": "given-by-variable"})
    assert done.returncode == 0, done.stderr
    login = S3Login(plan.root.endpoint_url, "p300-training", "given-by-variable")
    assert S3Store(login).buckets() == [FEATURES]
    refused = _run_script(plan, {"P300_ENV": "prod", "TRAINING_S3_SECRET": "dev-training-s3"})
    assert refused.returncode == 2
    assert "TRAINING_S3_SECRET" in refused.stderr
    assert S3Store(login).buckets() == [FEATURES]


def _run_script(plan: Plan, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    secrets = {service.secret_variable: plan.secrets[service.key_id] for service in SERVICES}
    login = dict(zip(ROOT_VARIABLES, (plan.root.access_key, plan.root.secret_key), strict=True))
    server = {ENDPOINT_VARIABLE: plan.root.endpoint_url, SERVER_VARIABLE: plan.server}
    return subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**os.environ, **secrets, **login, **server, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
