"""Commands about a whole stack of an environment: validate, backup, restore."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from p300.cli.terminal import console, progress, table_of
from p300.errors import Unavailable

if TYPE_CHECKING:
    from rich.table import Table

    from p300.jobs.platform.archive import Manifest
    from p300.stack.databases import StackDatabase
    from p300.stack.environment import Environment

MEGABYTE = 1_000_000

EnvironmentName = Annotated[str | None, typer.Option("--env", help="dev, staging or prod; without it P300_ENV")]
WithoutAirflow = Annotated[bool, typer.Option("--without_airflow", help="leave Airflow's own database out")]


def validate(
    env: EnvironmentName = None,
    only: Annotated[list[str] | None, typer.Option(help="make this check alone; may be given again")] = None,
) -> None:
    """Check an environment of the platform without starting it.

    Example:

      p300 validate --env prod
    """
    from p300.jobs.platform import validate as job

    environment = _environment(env)
    checks = only or list(job.CHECKS)
    with progress(f"checking {environment.name}", len(checks)) as advance:
        findings = job.validate(environment, checks, on_check=advance)
    if findings:
        rows = [[finding.check, finding.sentence] for finding in findings]
        console.print(table_of(f"{environment.name}: {len(findings)} findings", ["check", "finding"], rows))
        sys.exit(1)
    console.print(table_of(environment.name, ["check", "result"], [[check, "nothing wrong"] for check in checks]))


def backup(
    env: EnvironmentName = None,
    folder: Annotated[
        Path | None, typer.Option(help="a folder that is not there yet; without it one in backups/")
    ] = None,
    without_airflow: WithoutAirflow = False,
) -> None:
    """Save the buckets and databases of a running stack to a folder.

    Of each object the current version.

    Example:

      p300 backup --env dev --folder backups/friday
    """
    from p300.jobs.platform import backup as job
    from p300.stack.reach import root_store

    environment = _environment(env)
    target = folder or Path("backups") / f"{environment.name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    databases = _databases(environment, without_airflow=without_airflow)
    store = root_store(environment)
    with progress(f"saving {environment.name}", job.n_objects_of(store)) as advance:
        manifest = job.backup(environment.name, store, databases, target, on_object=advance)
    console.print(_contents_of(manifest, "saved"))
    console.print(f"backup of {environment.name} in {target}, {manifest.n_bytes / MEGABYTE:.1f} MB")


def restore(
    folder: Annotated[Path, typer.Option(help="a folder that p300 backup made")],
    env: EnvironmentName = None,
) -> None:
    """Bring a backup into a running stack that is still empty.

    Example:

      p300 restore --env staging --folder backups/friday
    """
    from p300.jobs.platform import restore as job
    from p300.jobs.platform.archive import read_manifest
    from p300.stack.reach import root_store

    environment = _environment(env)
    saved = read_manifest(folder)
    with_airflow = any(dump.database == "airflow" for dump in saved.dumps)
    databases = _databases(environment, without_airflow=not with_airflow)
    with progress(f"restoring {environment.name}", len(saved.objects)) as advance:
        manifest = job.restore(folder, root_store(environment), databases, on_object=advance)
    console.print(_contents_of(manifest, "restored"))
    console.print(f"{environment.name} is as {manifest.environment} was at {manifest.made} (commit {manifest.commit})")


def _environment(name: str | None) -> "Environment":
    from p300.settings import DeploymentSettings, read_settings
    from p300.stack.environment import load_environment

    return load_environment(name or read_settings(DeploymentSettings).env)


def _databases(environment: "Environment", *, without_airflow: bool) -> "list[StackDatabase]":
    from p300.stack.databases import airflow_database, mlflow_database

    mlflow = mlflow_database(environment)
    mlflow.require_running()
    if without_airflow:
        return [mlflow]
    airflow = airflow_database(environment)
    try:
        airflow.require_running()
    except Unavailable as error:
        raise Unavailable(f"{error}, or leave Airflow's runs out with --without_airflow") from error
    return [mlflow, airflow]


def _contents_of(manifest: "Manifest", done: str) -> "Table":
    buckets = [[bucket, f"{n_objects} objects"] for bucket, n_objects in manifest.n_objects.items()]
    databases = [
        [f"database {dump.database}", ", ".join(f"{n_rows} {table}" for table, n_rows in dump.n_rows.items())]
        for dump in manifest.dumps
    ]
    return table_of(done, ["what", "how much"], buckets + databases)
