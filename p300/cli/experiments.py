"""Commands that ask a served model and show what came out: simulate, compare, report, demo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from p300.cli.exit_codes import KEEP, UNDECIDED
from p300.cli.models import BaseUrl, TrackingUri, open_registry
from p300.cli.recordings import RecipeChoice, recipe_of
from p300.cli.terminal import ANSWER_COLUMNS, answer_rows, console, mean_cells, progress, score_text, table_of

if TYPE_CHECKING:
    from p300.jobs.demo import Walkthrough

REPORT = Path(".p300/report.html")
COMPARISON = Path(".p300/comparison.html")
COLUMNS = ["asked", "version", "trained on", "unseen subjects", *ANSWER_COLUMNS]


def simulate(
    subjects: Annotated[
        list[str] | None, typer.Argument(metavar="SUBJECT", help="without any, all unseen ones")
    ] = None,
    target_alias: Annotated[str, typer.Option("--target_alias", help="champion or challenger")] = "champion",
    base_url: BaseUrl = None,
    mlflow_tracking_uri: TrackingUri = None,
    allow_training_subjects: Annotated[
        bool, typer.Option("--allow_training_subjects", help="score subjects that the version was trained on too")
    ] = False,
) -> None:
    """Score a served alias over HTTP on subjects it has never seen.

    Example:

      p300 simulate 6 7 --target_alias challenger
    """
    from p300.cli.places import store_for_reading_features
    from p300.domain import parse_subject, subjects_text
    from p300.jobs.judging import evaluate as job
    from p300.settings import ServingAddress, SimulationSettings, read_settings
    from p300.simulator.client import Endpoint
    from p300.simulator.wandb_log import WandbProject

    store = store_for_reading_features(mlflow_tracking_uri)
    registry = open_registry(mlflow_tracking_uri)
    simulation = job.Simulation(
        Endpoint(base_url or read_settings(ServingAddress).base_url, target_alias),
        [parse_subject(name) for name in subjects or ()],
        allow_training_subjects=allow_training_subjects,
    )
    settings = read_settings(SimulationSettings)
    project = WandbProject(settings.wandb_project, settings.wandb_dir)
    simulation = job.with_subjects(simulation, store, registry)
    with progress(f"asking the {target_alias}", len(simulation.subjects)) as advance:
        evaluation = job.evaluate(simulation, store, registry, project, on_subject=advance)
    title = f"{target_alias}, version {evaluation.version.version}"
    console.print(table_of(title, ["subject", *ANSWER_COLUMNS], answer_rows(evaluation.answers)))
    if evaluation.trained_on:
        console.print(f"not unseen: the version was trained on subjects {subjects_text(evaluation.trained_on)}")
    console.print(f"MLflow run {evaluation.run_id}")
    if evaluation.wandb_place:
        console.print(f"Weights & Biases run in {evaluation.wandb_place}")


def compare(
    out: Annotated[Path, typer.Option(help="where the page goes")] = COMPARISON,
    mlflow_tracking_uri: TrackingUri = None,
) -> None:
    """Say whether the challenger should replace the champion.

    By what both answered in simulations, on people whom neither has learnt from. Ends with 0 for
    promote, 3 for keep and 4 for undecided.

    Example:

      p300 compare && p300 promote
    """
    from p300.jobs.judging import compare as job
    from p300.jobs.judging.comparison_page import write_comparison
    from p300.jobs.judging.verdict_text import verdict_sentence

    compared = job.compare(open_registry(mlflow_tracking_uri))
    verdict = compared.verdict
    columns = ["subject", f"champion (version {compared.champion.version})"]
    columns += [f"challenger (version {compared.challenger.version})", "difference"]
    rows = [
        [str(subject), score_text(each.champion_auc), score_text(each.challenger_auc), f"{each.difference:+.3f}"]
        for subject, each in verdict.per_subject.items()
    ]
    console.print(table_of("AUC of people whom neither has learnt from", columns, rows))
    checks = [
        [each.name, f"{each.value:.3f}", f"{each.limit:g}", "" if each.holds else "fails"] for each in verdict.checks
    ]
    console.print(table_of("checks", ["check", "value", "limit", ""], checks))
    these = verdict.of_these
    console.print(f"on these people alone: {verdict.difference:+.3f} AUC, {these.low:+.3f} to {these.high:+.3f}")
    console.print(verdict_sentence(verdict), soft_wrap=True)
    console.print(f"wrote {write_comparison(compared, out)}")
    raise typer.Exit({"promote": 0, "keep": KEEP, "undecided": UNDECIDED}[verdict.outcome])


def report(
    out: Annotated[Path, typer.Option(help="where the HTML file goes")] = REPORT,
    mlflow_tracking_uri: TrackingUri = None,
) -> None:
    """Write one HTML file: versions, answers and recordings.

    Example:

      p300 report --out report.html
    """
    from p300.cli.places import store_for_reading_features
    from p300.jobs.judging import report as job

    store = store_for_reading_features(mlflow_tracking_uri)
    console.print(f"wrote {job.report(store, open_registry(mlflow_tracking_uri), out)}")


def demo(
    data: Annotated[Path | None, typer.Option(help="a folder of subject files; without it synthetic ones")] = None,
    recipe: RecipeChoice = None,
) -> None:
    """Play the whole walkthrough on this machine.

    From recordings, synthetic ones unless a folder is given, to a challenged champion.

    Example:

      p300 demo --data recordings
    """
    from p300.jobs.demo import Demo, DemoSettings
    from p300.jobs.judging.verdict_text import verdict_sentence
    from p300.settings import RegistrySettings, ServingSettings, SimulationSettings, StoreSettings, read_settings

    settings = DemoSettings(
        read_settings(StoreSettings),
        read_settings(RegistrySettings),
        read_settings(ServingSettings),
        read_settings(SimulationSettings),
    )
    done = Demo(settings, data, progress, recipe_of(recipe)).run()
    console.print(table_of("what was asked over HTTP", COLUMNS, _walkthrough_rows(done)))
    console.print(verdict_sentence(done.verdict))
    console.print(
        f"\nreport       {done.report}\n"
        f"MLflow       .venv/bin/mlflow ui --workers 1 --backend-store-uri {settings.registry.mlflow_tracking_uri}\n"
        f"serve        .venv/bin/p300 serve\n"
        f"ask          curl -X POST {settings.serving.base_url}/predict-champion/ -H 'content-type: application/json' "
        f"-d @{done.example_request}\n"
        f"look around  .venv/bin/p300 status",
        soft_wrap=True,
    )


def _walkthrough_rows(done: "Walkthrough") -> list[list[str]]:
    from p300.domain import subjects_text

    trained_on = {trained.version.version: trained.subjects for trained in (done.first, done.second)}
    return [
        [
            evaluation.alias,
            str(evaluation.version.version),
            subjects_text(trained_on[evaluation.version.version]),
            subjects_text(list(evaluation.answers)),
            *mean_cells(evaluation.answers),
        ]
        for evaluation in done.evaluations
    ]
