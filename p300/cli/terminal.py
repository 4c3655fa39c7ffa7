"""What a person sees: tables on standard output, progress and errors on standard error."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from p300.model.answers import Answers

# A pipe has no width of its own, and a table folded to 80 columns is hard to read.
PIPE_WIDTH = 120

console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
error_console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else PIPE_WIDTH)


def table_of(title: str, columns: list[str], rows: list[list[str]]) -> Table:
    """A table whose cells are text already."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Callable[[object], None]]:
    """A bar that advances by one at each call of what it gives, whatever it is called with."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=error_console) as bars:
        task = bars.add_task(description, total=total)

        def advance(_done: object) -> None:
            bars.advance(task)

        yield advance


def subjects_text(subjects: Sequence[int]) -> str:
    """``1-5, 7``: subjects as people write them."""
    parts: list[str] = []
    start = previous = None
    for subject in [*sorted(subjects), None]:
        if previous is not None and subject == previous + 1:
            previous = subject
            continue
        if start is not None:
            parts.append(str(start) if start == previous else f"{start}-{previous}")
        start = previous = subject
    return ", ".join(parts) or "none"


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
