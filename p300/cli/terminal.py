"""What a person sees: tables on standard output, progress and errors on standard error.

Rich is imported with the first word that is said: `--help` and the services' starts do without it.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from p300.cli.exit_codes import READER_GONE

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from p300.model.answers import Answers

# A pipe has no width of its own, and a table folded to 80 columns is hard to read.
PIPE_WIDTH = 120


class Terminal:
    """Standard output or standard error, for people. What is printed is never read as markup."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr

    @property
    def is_interactive(self) -> bool:
        """Whether a person sits there, and no pipe or file."""
        stream = self._stream
        return stream is not None and stream.isatty()

    @cached_property
    def console(self) -> "Console":
        """Rich's console for the stream, which ends the process quietly once nobody reads it."""
        from rich.console import Console

        class Quiet(Console):
            def on_broken_pipe(self) -> None:
                end_quietly()

        width = None if self.is_interactive else PIPE_WIDTH
        return Quiet(stderr=self._stderr, highlight=False, markup=False, emoji=False, width=width)

    def print(self, what: "RenderableType" = "", *, soft_wrap: bool = False) -> None:
        self.console.print(what, soft_wrap=soft_wrap)

    @property
    def _stream(self) -> TextIO | None:
        return sys.stderr if self._stderr else sys.stdout


console = Terminal()
error_console = Terminal(stderr=True)


def write_any_character() -> None:
    r"""Let what a terminal cannot show, such as µ in ASCII, come out as ``\xb5`` and never as an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def end_quietly() -> None:
    """End the process as its reader has: ``p300 status | head -1`` is no error of anybody's.

    What is still buffered goes nowhere, so that Python does not complain of it at its end.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            os.dup2(nowhere, stream.fileno())
    sys.exit(READER_GONE)


def say_error(sentence: str) -> None:
    """A sentence about what went wrong, on standard error."""
    from rich.text import Text

    error_console.print(Text.assemble(("error:", "bold red"), " ", sentence), soft_wrap=True)


def table_of(title: str, columns: list[str], rows: list[list[str]]) -> "Table":
    """A table whose cells are text already."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


@contextmanager
def progress(description: str, total: int) -> Iterator[Callable[[object], None]]:
    """A bar that advances by one at each call of what it gives, whatever it is called with."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=error_console.console) as bars:
        task = bars.add_task(description, total=total)

        def advance(_done: object) -> None:
            bars.advance(task)

        yield advance


ANSWER_COLUMNS = ["AUC", "AUC of all flashes", "kept", "balanced accuracy", "kappa", "accuracy"]


def answer_rows(answers: "Answers") -> list[list[str]]:
    """Of each subject and of their mean: what :data:`ANSWER_COLUMNS` says, the AUC of all flashes where it is known."""
    rows = [
        [
            str(subject),
            score_text(each.scores.auc),
            score_text(each.all_flashes.scores.auc if each.all_flashes else None),
            share_text(each.share_kept),
            *map(score_text, (each.scores.balanced_accuracy, each.scores.kappa, each.scores.accuracy)),
        ]
        for subject, each in answers.items()
    ]
    return [*rows, ["mean", *mean_cells(answers)]]


def mean_cells(answers: "Answers") -> list[str]:
    """The means over the subjects, in the order of :data:`ANSWER_COLUMNS`."""
    means = answers.mean_metrics()
    return [
        score_text(answers.mean_auc),
        score_text(answers.all_flashes.mean_auc if answers.all_flashes else None),
        share_text(answers.share_kept),
        *(score_text(means[f"mean_{name}"]) for name in ("balanced_accuracy", "kappa", "accuracy")),
    ]


def share_text(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def score_text(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"
