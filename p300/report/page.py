"""The report as one HTML file that needs nothing else: figures are inside it."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = """
:root { color-scheme: light; --ink: #1c2733; --quiet: #5b6b7b; --line: #dfe5ea; --accent: #1f6feb; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); margin: 0 auto;
  max-width: 68rem; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.9rem; margin: 0; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
p { max-width: 46rem; margin: .4rem 0; } .lead { font-size: 1.1rem; } .quiet { color: var(--quiet); font-size: .9rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .8rem 0; font-size: .92rem; }
th, td { padding: .35rem .8rem .35rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--quiet); font-weight: 600; white-space: nowrap; } td { font-variant-numeric: tabular-nums; }
img { max-width: 100%; height: auto; display: block; margin: .8rem 0; }
"""


@dataclass(frozen=True)
class Section:
    """A heading, what there is to say, a table, and figures, in that order; each may be absent.

    Each figure comes with the words that stand for it where it cannot be seen.
    """

    title: str
    text: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    figures: Sequence[tuple[str, "Figure"]] = field(default=())


def page(title: str, lead: str, sections: Sequence[Section], footer: str) -> str:
    """HTML of a whole report. All text is escaped here."""
    body = "\n".join(_section(section) for section in sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{html.escape(title)}</h1>\n<p class="lead">{html.escape(lead)}</p>\n{body}\n'
        f'<p class="quiet">{html.escape(footer)}</p>\n</body>\n</html>\n'
    )


def _section(section: Section) -> str:
    parts = [f"<h2>{html.escape(section.title)}</h2>"]
    if section.text:
        parts.append(f"<p>{html.escape(section.text)}</p>")
    if section.rows:
        parts.append(_table(section.columns, section.rows))
    parts.extend(_image(words, figure) for words, figure in section.figures)
    return "\n".join(parts)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    lines = ("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table>\n<tr>{head}</tr>\n' + "\n".join(lines) + "\n</table></div>"


def _image(words: str, figure: "Figure") -> str:
    # An image of its own keeps the names inside one drawing from meeting those of another.
    drawing = io.BytesIO()
    figure.savefig(drawing, format="svg", bbox_inches="tight")
    data = base64.b64encode(drawing.getvalue()).decode()
    return f'<img alt="{html.escape(words)}" src="data:image/svg+xml;base64,{data}">'
