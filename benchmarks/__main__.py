"""``make bench``: every row in one run, as a table and in ``.p300/bench.json``.

``python -m benchmarks signal model`` measures only these parts.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row

RESULTS = Path(".p300/bench.json")
PARTS = ("start", "signal", "model", "serving", "replay", "growth")
OF_A_STACK = ("scaling",)  # asks a stack that runs
WIDTH = 140  # where no terminal says how wide it is
TEXTS = ("work", "unit", "bar")
COLUMNS = ("work", "ours", "peer", "floor", "unit", "ratio", "bar")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure ours beside the peers, in one run.")
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, *OF_A_STACK, []], help="without any, all that need no running stack"
    )
    parts = parser.parse_args().parts or PARTS
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    rows: list[Row] = []
    for part in parts:
        with console.status(f"measuring {part}"):
            measure: Callable[[], list[Row]] = import_module(f"benchmarks.{part}").run
            rows += measure()
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(rows, indent=2))
    console.print(_table(rows))
    console.print(f"{len(rows)} rows in {RESULTS}")


def _table(rows: list[Row]) -> Table:
    table = Table(title="ours beside the peers, in one run")
    for column in COLUMNS:
        table.add_column(column, no_wrap=column not in TEXTS, justify="left" if column in TEXTS else "right")
    for row in rows:
        more = ", ".join(f"{name} {_text(value)}" for name, value in row.items() if name not in COLUMNS)
        work = f"{row['work']}\n[dim]{more}[/]" if more else str(row["work"])
        table.add_row(work, *(_text(row[column]) for column in COLUMNS[1:]))
    return table


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(part)}" for name, part in value.items())
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
