"""Commands about versions of the model: train, serve, promote, rollback, status."""

from typing import TYPE_CHECKING, Annotated

import typer

from p300.cli.recordings import open_own_store
from p300.cli.terminal import ANSWER_COLUMNS, answer_rows, console, error_console, progress, score_text, table_of
from p300.errors import InvalidInput

if TYPE_CHECKING:
    from p300.registry import Registry

BaseUrl = Annotated[str | None, typer.Option("--base_url", help="where the model is served; without it this machine")]
TrackingUri = Annotated[
    str | None, typer.Option("--mlflow_tracking_uri", help="MLflow's address; without it MLFLOW_TRACKING_URI")
]


def train(
    share: Annotated[
        float,
        typer.Option("--training_subjects_percentage", help="share of the processed subjects, the first in id order"),
    ] = 1.0,
    subjects: Annotated[str | None, typer.Option(help="these subjects instead of a share, such as 1-5")] = None,
    candidate: Annotated[
        str, typer.Option(help="lda, xdawn-lda, toeplitz-lda, riemann, riemann-difference or ensemble")
    ] = "lda",
    parameter: Annotated[
        list[str] | None, typer.Option(help="of the candidate, such as shrinkage=0.1; may be given again")
    ] = None,
    tune: Annotated[bool, typer.Option("--tune", help="search candidates and their parameters, by subject")] = False,
    incremental: Annotated[bool, typer.Option("--incremental", help="add new subjects to the newest version")] = False,
    set_challenger_alias: Annotated[
        bool, typer.Option("--auto_set_challenger_alias", help="make the new version the challenger")
    ] = False,
) -> None:
    """Validate, fit and register a version of the model.

    Validation leaves one subject out in turn. All of it is logged to MLflow.

    Example:

      p300 train --training_subjects_percentage 0.5 --auto_set_challenger_alias
    """
    from p300.domain import parse_subjects, subjects_text
    from p300.jobs.training import train as job

    training = job.Training(
        candidate=candidate,
        parameters=_parameters(parameter or []),
        subjects=None if subjects is None else parse_subjects(subjects),
        share=share,
        tune=tune,
        incremental=incremental,
        set_challenger_alias=set_challenger_alias,
    )
    with progress("training", len(job.STEPS)) as advance:
        trained = job.train(
            training,
            open_own_store(),
            open_registry(),
            on_step=advance,
            on_plan=lambda plan: error_console.print(plan.sentence(), soft_wrap=True),
        )
    rows = answer_rows(trained.validation)
    console.print(table_of("each subject by the others", ["subject", *ANSWER_COLUMNS], rows))
    whole = trained.validation.all_flashes
    console.print(
        f"version {trained.version.version} ({trained.candidate.name}) learnt from subjects "
        f"{subjects_text(trained.subjects)}; AUC on subjects left out {score_text(trained.validation.mean_auc)}"
        + (f", of all flashes {score_text(whole.mean_auc)}" if whole else "")
    )


def serve() -> None:
    """Answer over HTTP from the versions under both aliases.

    Follows `champion` and `challenger` as they move, with no restart. Settings come from the
    environment: P300_HOST, P300_PORT, P300_SERVED_ALIASES and others.

    Example:

      P300_PORT=8000 p300 serve
    """
    from p300.serving.server import serve as run_server
    from p300.settings import ServingSettings, read_settings

    settings = read_settings(ServingSettings)
    run_server(open_registry(), settings, announce=lambda url: console.print(f"serving at {url}"))


def promote(mlflow_tracking_uri: TrackingUri = None) -> None:
    """Make the challenger the champion.

    The champion before is kept as `previous-champion`.

    Example:

      p300 promote
    """
    from p300.jobs.judging import promote as job

    move = job.promote(open_registry(mlflow_tracking_uri))
    if move.before == move.after:
        console.print(f"version {move.after} is challenger and champion already; nothing to promote")
        return
    before = f"version {move.before} is previous-champion" if move.before else "there was none before"
    console.print(f"version {move.after} is champion; {before}")


def rollback(mlflow_tracking_uri: TrackingUri = None) -> None:
    """Make the previous champion the champion again.

    Example:

      p300 rollback
    """
    from p300.jobs.judging import promote as job

    console.print(f"version {job.rollback(open_registry(mlflow_tracking_uri)).after} is champion again")


def status(base_url: BaseUrl = None, mlflow_tracking_uri: TrackingUri = None) -> None:
    """Show what is stored, registered and served.

    Example:

      p300 status
    """
    from p300.cli.places import store_for_looking_around
    from p300.domain import subjects_text
    from p300.jobs.platform import status as job
    from p300.settings import RegistrySettings, ServingAddress, read_settings

    store = store_for_looking_around(mlflow_tracking_uri)
    tracking_uri = mlflow_tracking_uri or read_settings(RegistrySettings).mlflow_tracking_uri
    found = job.status(store, tracking_uri, base_url or read_settings(ServingAddress).base_url)
    buckets = [[bucket.bucket, str(bucket.n_objects), subjects_text(bucket.subjects)] for bucket in found.buckets]
    console.print(table_of("buckets", ["bucket", "objects", "subjects"], buckets))
    versions = [
        [
            str(version.version),
            ", ".join(version.aliases),
            version.candidate,
            "unknown" if version.training_subjects is None else subjects_text(version.training_subjects),
            score_text(version.scores.auc),
            score_text(version.scores.all_auc),
            subjects_text(version.validated_subjects),
            f"{version.created:%Y-%m-%d %H:%M}",
        ]
        for version in found.versions
    ]
    columns = [
        "version",
        "aliases",
        "candidate",
        "trained on",
        "AUC left out",
        "of all flashes",
        "of subjects",
        "made (UTC)",
    ]
    console.print(table_of("versions", columns, versions))
    served = [
        [alias, said.state, "" if said.version is None else str(said.version), said.error or ""]
        for alias, said in found.served.items()
    ]
    console.print(table_of("served", ["alias", "state", "version", "last error"], served))
    for problem in found.problems:
        console.print(f"not seen: {problem}")


def open_registry(tracking_uri: str | None = None) -> "Registry":
    from p300.registry import Registry
    from p300.settings import RegistrySettings, read_settings

    return Registry(tracking_uri or read_settings(RegistrySettings).mlflow_tracking_uri)


def existing_registry(tracking_uri: str | None = None) -> "Registry | None":
    """As `open_registry`, but makes none where nothing was trained yet."""
    from p300.registry.database import is_there
    from p300.settings import RegistrySettings, read_settings

    address = tracking_uri or read_settings(RegistrySettings).mlflow_tracking_uri
    return open_registry(address) if is_there(address) else None


def _parameters(assignments: list[str]) -> dict[str, object]:
    """``shrinkage=0.1`` as the number it is, other values as text."""
    parameters: dict[str, object] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not (name and equals and value):
            raise InvalidInput(f"parameter {assignment!r} is not name=value, such as shrinkage=0.1")
        parameters[name] = _value(value)
    return parameters


def _value(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)
