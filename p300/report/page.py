"""The report as one HTML file that needs nothing else: figures are inside it."""

import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from p300.errors import Unavailable

_STYLE = """
:root { color-scheme: light; --ink: #16202b; --quiet: #52606d; --line: #dde3e8; --panel: #f6f8fa; }
body { font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: var(--ink);
  background: white; margin: 0 auto; max-width: 74rem; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.9rem; margin: 0; } h2 { font-size: 1.3rem; margin: 2.8rem 0 .4rem; }
p { max-width: 52rem; margin: .4rem 0; } .lead { font-size: 1.1rem; } .quiet { color: var(--quiet); font-size: .9rem; }
.facts { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0 0; }
.facts div { background: var(--panel); border-radius: .5rem; padding: .6rem 1rem; }
dt { color: var(--quiet); font-size: .85rem; } dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .8rem 0; font-size: .92rem; }
th, td { padding: .35rem 1.2rem .35rem 0; text-align: left; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--quiet); font-weight: 600; white-space: nowrap; } td { font-variant-numeric: tabular-nums; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start; margin: .8rem 0; }
.figures svg { max-width: 100%; height: auto; } svg text { font-family: inherit !important; }
@media print { body { max-width: none; padding: 0; } .figures svg { break-inside: avoid; } }
"""


_METADATA = ("Creator", "Date", "Format", "Type")


@dataclass(frozen=True)
class Drawing:
    """A figure, with the words that stand for it where it cannot be seen."""

    words: str
    figure: Figure


@dataclass(frozen=True)
class Opening:
    """What is read first: a sentence, some facts at a glance by name, and how to understand them."""

    lead: str
    facts: Sequence[tuple[str, str]] = ()
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A heading, what there is to say (a paragraph a line), a table, and drawings; each may be absent."""

    title: str
    text: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    drawings: Sequence[Drawing] = ()


def page(title: str, opening: Opening, sections: Sequence[Section], footer: str) -> str:
    """HTML of a whole report. All text is escaped here."""
    body = "\n".join(_section(section) for section in sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{html.escape(title)}</h1>\n{_opening(opening)}\n{body}\n"
        f'<p class="quiet">{html.escape(footer)}</p>\n</body>\n</html>\n'
    )


def write_page(text: str, path: Path) -> Path:
    """Write a page, with the folder it is to lie in, and return where.

    Raises
    ------
    Unavailable
        It cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"the report could not be written to {path}: {error.strerror}") from error
    return path


def _opening(opening: Opening) -> str:
    boxes = (f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>" for name, value in opening.facts)
    facts = f'<dl class="facts">{"".join(boxes)}</dl>'
    return f'<p class="lead">{html.escape(opening.lead)}</p>\n{facts}\n<p class="quiet">{html.escape(opening.note)}</p>'


def _section(section: Section) -> str:
    parts = [f"<h2>{html.escape(section.title)}</h2>"]
    parts.extend(f"<p>{html.escape(paragraph)}</p>" for paragraph in section.text.splitlines())
    if section.rows:
        parts.append(_table(section.columns, section.rows))
    if section.drawings:
        drawings = "\n".join(map(_svg, section.drawings))
        parts.append(f'<div class="figures">\n{drawings}\n</div>')
    return "\n".join(parts)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    lines = ("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table>\n<tr>{head}</tr>\n' + "\n".join(lines) + "\n</table></div>"


def _svg(drawing: Drawing) -> str:
    """A figure as part of the page: its text can be selected and found."""
    file = io.StringIO()
    # The salt keeps names inside one drawing from meeting those of another.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": drawing.words}):
        drawing.figure.savefig(file, format="svg", bbox_inches="tight", metadata=dict.fromkeys(_METADATA))
    _, _, body = file.getvalue().partition("<svg")
    used = set(re.findall(r"#([^\")]+)", body))
    body = re.sub(r' id="([^"]*)"', lambda name: name[0] if name[1] in used else "", body)  # figure_1 is in every one
    return f'<svg role="img" aria-label="{html.escape(drawing.words)}"{body}'
