"""Commands about a whole world, a stack of an environment or the embedded one: validate, backup, restore, forget."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from p300.cli.models import TrackingUri, existing_registry
from p300.cli.terminal import console, progress, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from p300.jobs.platform.archive import Manifest
    from p300.jobs.platform.worlds import World
    from p300.stack.environment import Environment

MEGABYTE = 1_000_000

EnvironmentName = Annotated[str | None, typer.Option("--env", help="dev, staging or prod; without it P300_ENV")]
StackName = Annotated[
    str | None,
    typer.Option("--env", help="the stack of dev, staging or prod; without it P300_ENV, else the embedded world"),
]
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
    env: StackName = None,
    folder: Annotated[
        Path | None, typer.Option(help="a folder that is not there yet; without it one in backups/")
    ] = None,
    without_airflow: WithoutAirflow = False,
) -> None:
    """Save everything that is stored.

    Recordings, features, versions with their artifacts, and the databases that know them, here or in a stack that
    runs. Of each object the current version. Commands and services may go on meanwhile.

    Example:

      p300 backup --folder backups/friday

      p300 backup --env dev --folder backups/friday
    """
    from p300.jobs.platform import backup as job
    from p300.jobs.platform.worlds import EMBEDDED, require_something

    world = _world(env, with_airflow=not without_airflow)
    if world.name == EMBEDDED:
        require_something(world)
    target = folder or Path("backups") / f"{world.name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    with progress(f"saving {world.name}", job.n_objects_of(world.store)) as advance:
        manifest = job.backup(world, target, on_object=advance)
    console.print(_contents_of(manifest, "saved"))
    console.print(f"backup of {world.name} in {target}, {manifest.n_bytes / MEGABYTE:.1f} MB")


def restore(
    folder: Annotated[Path, typer.Option(help="a folder that p300 backup made")],
    env: StackName = None,
) -> None:
    """Bring a backup back to where nothing is yet.

    One that was interrupted goes on when the same command is run again.

    Example:

      p300 restore --folder backups/friday

      p300 restore --env staging --folder backups/friday
    """
    from p300.jobs.platform import restore as job
    from p300.jobs.platform.archive import read_manifest

    saved = read_manifest(folder)
    world = _world(env, with_airflow=any(dump.database == "airflow" for dump in saved.dumps))
    with progress(f"restoring {world.name}", len(saved.objects)) as advance:
        manifest = job.restore(folder, world, on_object=advance)
    console.print(_contents_of(manifest, "restored"))
    console.print(f"{world.name} is as {manifest.environment} was at {manifest.made} (commit {manifest.commit})")


def forget(
    subject: Annotated[str, typer.Argument(help="whom to forget, such as 7")],
    mlflow_tracking_uri: TrackingUri = None,
) -> None:
    """Remove a person's samples, and name who learnt from them.

    Recordings, features and logged samples are removed everywhere. Versions and scores
    stay: train anew without that person, and promote.

    Example:

      p300 forget 7
    """
    from p300.cli.places import store_for_looking_around
    from p300.domain import parse_subject
    from p300.jobs.platform import forget as job
    from p300.settings import ServingSettings, read_settings

    number = parse_subject(subject)
    store = store_for_looking_around(mlflow_tracking_uri)
    cache = read_settings(ServingSettings).cache_dir
    forgotten = job.forget(number, store, existing_registry(mlflow_tracking_uri), cache=cache)
    rows = [[bucket, str(count)] for bucket, count in forgotten.objects.items()]
    rows += [["answers in MLflow", str(forgotten.n_answers)], ["sums in MLflow", str(forgotten.n_sums)]]
    console.print(table_of(f"forgot subject {number}", ["where", "removed"], rows))
    if forgotten.learnt:
        names = ", ".join(" ".join([str(each.version), *each.aliases]) for each in forgotten.learnt)
        console.print(f"learnt from subject {number}: versions {names}; train without this person, and promote")
    console.print("files that you gave to ingest, and backups, are yours to remove")


def _environment(name: str | None) -> "Environment":
    from p300.settings import DeploymentSettings, read_settings
    from p300.stack.environment import load_environment

    return load_environment(name or read_settings(DeploymentSettings).env)


def _world(env: str | None, *, with_airflow: bool) -> "World":
    """The stack that is named, here or in the environment; else the embedded world."""
    from p300.jobs.platform.worlds import embedded_world, stack_world
    from p300.settings import DeploymentSettings, RegistrySettings, StoreSettings, read_settings

    if env is not None or "env" in read_settings(DeploymentSettings).model_fields_set:
        return stack_world(_environment(env), with_airflow=with_airflow)
    return embedded_world(read_settings(StoreSettings).store_url, read_settings(RegistrySettings).mlflow_tracking_uri)


def _contents_of(manifest: "Manifest", done: str) -> "Table":
    buckets = [[bucket, f"{n_objects} objects"] for bucket, n_objects in manifest.n_objects.items()]
    databases = [
        [f"database {dump.database}", ", ".join(f"{n_rows} {table}" for table, n_rows in dump.n_rows.items())]
        for dump in manifest.dumps
    ]
    return table_of(done, ["what", "how much"], buckets + databases)
