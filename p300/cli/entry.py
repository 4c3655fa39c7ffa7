"""How every command and service script begins and ends: logging first, the right exit code last."""

import logging
import sys
from collections.abc import Callable, Sequence

import typer
from typer.core import TyperCommand

from p300.cli.exit_codes import FAILED, INTERRUPTED, UNUSABLE, exit_code_of, exit_codes_text
from p300.cli.terminal import end_quietly, error_console, say_error, write_any_character
from p300.errors import P300Error

logger = logging.getLogger(__name__)


class Command(TyperCommand):
    """A command that takes no empty argument, and logs from the moment its work begins."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        _refuse_empty(ctx, args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        from p300.settings import LogSettings, read_settings

        _log_to_stderr(read_settings(LogSettings).log_level)
        return super().invoke(ctx)


def run(app: typer.Typer) -> None:
    """Run what the command line asks for, to the end of the process.

    An error of ours becomes one sentence on standard error and its exit code; see
    :mod:`p300.cli.exit_codes`. Anything else is a defect: it is logged with its traceback.
    """
    write_any_character()
    try:
        command = typer.main.get_command(app)
        with command.make_context(app.info.name or sys.argv[0], sys.argv[1:]) as context:
            command.invoke(context)
    except typer.Exit as end:
        sys.exit(end.exit_code)
    except typer.TyperException as error:
        _say_misuse(error)
        sys.exit(UNUSABLE)
    except P300Error as error:
        say_error(str(error))
        sys.exit(exit_code_of(error))
    except KeyboardInterrupt:
        error_console.print("interrupted: run the same command again to go on")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        end_quietly()
    except Exception:
        logger.exception("this is a defect of p300, not of your input; please report it with what stands below")
        sys.exit(FAILED)


def run_script(function: Callable[..., None]) -> None:
    """Run the one function of a service script as its command line."""
    script = typer.Typer(add_completion=False, rich_markup_mode=None)
    script.command(cls=Command, epilog=exit_codes_text())(function)
    run(script)


def _refuse_empty(ctx: typer.Context, arguments: Sequence[str]) -> None:
    """Nobody means an empty argument: it is what a shell makes of a variable that is not set."""
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, equals, value = argument.partition("=")
        if not argument.strip() or (option.startswith("--") and equals and not value.strip()):
            name = option if equals else before
            hint = name if name.startswith("--") else "an argument"
            raise typer.BadParameter("it is empty: is a variable not set?", ctx=ctx, param_hint=hint)


def _say_misuse(error: typer.TyperException) -> None:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "p300"
    say_error(f"{error.format_message().rstrip('.')}; {command} --help shows what there is")


def _log_to_stderr(level: str) -> None:
    """For people in a terminal; in a container one plain line an event, with its time and origin."""
    if error_console.is_interactive:
        from rich.logging import RichHandler

        handler: logging.Handler = RichHandler(console=error_console.console, show_path=False)
        form = "%(message)s"
    else:
        handler = logging.StreamHandler()
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.WARNING, format=form, datefmt="%H:%M:%S", handlers=[handler])
    logging.getLogger("p300").setLevel(level)
    # It works as well in a home that cannot be written, and says at length that it does.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
