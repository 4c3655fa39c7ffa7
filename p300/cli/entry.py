"""How every command and service script begins and ends: logging first, the right exit code last."""

import logging
import sys
from collections.abc import Callable

import typer
from rich.logging import RichHandler
from rich.markup import escape

from p300.cli.terminal import error_console
from p300.errors import P300Error
from p300.settings import LogSettings, read_settings

INTERRUPTED = 130

logger = logging.getLogger(__name__)


def run(command: Callable[[], object]) -> None:
    """Run a command to the end of the process.

    An error of ours becomes one sentence on standard error and its exit code. Anything else is a
    defect: it is logged with its traceback.
    """
    try:
        _log_to_stderr(read_settings(LogSettings).log_level)
        command()
    except P300Error as error:
        error_console.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        error_console.print("interrupted: run the same command again to go on")
        sys.exit(INTERRUPTED)
    except Exception:
        logger.exception("this is a defect of p300, not of your input; please report it with what stands below")
        sys.exit(1)


def run_script(function: Callable[..., None]) -> None:
    """Run the one function of a service script as its command line."""
    script = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    script.command()(function)
    run(script)


def _log_to_stderr(level: str) -> None:
    """For people in a terminal; in a container one plain line an event, with its time and origin."""
    if error_console.is_terminal:
        handler: logging.Handler = RichHandler(console=error_console, show_path=False)
        form = "%(message)s"
    else:
        handler = logging.StreamHandler()
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.WARNING, format=form, datefmt="%H:%M:%S", handlers=[handler])
    logging.getLogger("p300").setLevel(level)
