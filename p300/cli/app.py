"""The ``p300`` command and its subcommands."""

import typer

from p300.cli import experiments, models, platform, recordings
from p300.cli.entry import Command, run
from p300.cli.exit_codes import exit_codes_text

app = typer.Typer(
    name="p300",
    help="From EEG recordings to a served, watched and replaceable P300 classifier.",
    epilog=exit_codes_text(),
    add_completion=False,
    rich_markup_mode=None,  # plain text is quick, fits any width and needs no more than ASCII
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
    experiments.compare,
    models.promote,
    models.rollback,
    models.status,
    experiments.report,
    experiments.demo,
    platform.validate,
    platform.backup,
    platform.restore,
    platform.forget,
):
    app.command(command.__name__.rstrip("_"), cls=Command)(command)


@app.callback(invoke_without_command=True)
def without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    run(app)
