"""The page needs nothing but itself, and shows text as text."""

import re
import xml.etree.ElementTree as ET

from matplotlib.figure import Figure

from p300.report.page import Drawing, Opening, Section, page


def _figure(text: str) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "o", label=text)
    axes.legend()
    return figure


def test_all_text_is_escaped_and_can_be_selected() -> None:
    hostile = "<script>alert('µ')</script> & more"
    section = Section(hostile, f"one {hostile}\ntwo", (hostile,), ((hostile,),), (Drawing(hostile, _figure(hostile)),))
    made = page(hostile, Opening(hostile, ((hostile, hostile),), hostile), (section,), hostile)
    assert "<script" not in made
    assert re.search(r"<text[^>]*>&lt;script&gt;alert\('µ'\)&lt;/script&gt; &amp; more</text>", made)
    assert made.count("<p>") == 2


def test_nothing_is_fetched() -> None:
    made = page("report", Opening("lead"), (Section("one", drawings=(Drawing("a line", _figure("x")),)),), "footer")
    assert not re.search(r"(src|href|url)\s*[=(]\s*\"?(?!\"?#)\w", made)
    assert "@import" not in made


def test_drawings_do_not_share_names() -> None:
    drawings = [Drawing(f"line {number}", _figure("x")) for number in range(3)]
    made = page("report", Opening("lead"), (Section("three", drawings=drawings),), "footer")
    names = re.findall(r'\bid="([^"]+)"', made)
    assert len(names) == len(set(names)) > 0
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', made))
    assert used
    assert used <= set(names)
    for drawing in re.findall(r"<svg.*?</svg>", made, re.DOTALL):
        ET.fromstring(drawing)
