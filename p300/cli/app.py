"""The ``p300`` command and its subcommands."""

import typer

from p300.cli import experiments, models, platform, recordings
from p300.cli.entry import run

app = typer.Typer(
    name="p300",
    help="From EEG recordings to a served, watched and replaceable P300 classifier.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
for command in (
    recordings.synth,
    recordings.fetch,
    recordings.import_,
    recordings.ingest,
    recordings.preprocess,
    models.train,
    models.serve,
    experiments.simulate,
    models.promote,
    models.rollback,
    models.status,
    experiments.report,
    experiments.demo,
    platform.validate,
    platform.backup,
    platform.restore,
):
    app.command(command.__name__.rstrip("_"))(command)


def main() -> None:
    run(app)
