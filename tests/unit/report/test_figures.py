"""Figures show what they were given, for one version or two, few channels or many."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from p300.domain import Label, Provenance, SubjectId
from p300.report import figures
from p300.report.evoked import Evoked


def _series(name: str, n_subjects: int) -> figures.Series:
    rng = np.random.default_rng(len(name))
    subjects = [SubjectId(subject) for subject in range(1, n_subjects + 1)]
    targets = {subject: np.arange(40) % 4 == 0 for subject in subjects}
    probabilities = {subject: rng.random(40) for subject in subjects}
    auc = {subject: 0.5 + subject / 100 for subject in subjects}
    return figures.Series(name, targets, probabilities, auc, np.array([[25, 5], [4, 6]]))


def _texts(figure: Figure) -> str:
    """All that is written in a figure, once it is drawn."""
    figure.savefig(io.BytesIO(), format="png", dpi=30)
    return " ".join(text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text")))


@pytest.mark.parametrize("n_channels", [1, 5, 16])
def test_evoked_has_a_panel_for_each_channel(n_channels: int) -> None:
    shape = (n_channels, 30)
    evoked = Evoked(
        mean={label: np.ones(shape) for label in Label},
        spread={label: np.ones(shape) for label in Label},
        times_s=np.arange(30) / 100,
        channel_names=tuple(f"EEG{channel}" for channel in range(n_channels)),
        unit="µV",
        n_subjects=3,
    )
    figure = figures.evoked_figure(evoked)
    assert sum(axes.get_visible() for axes in figure.axes) == n_channels
    text = _texts(figure)
    assert all(name in text for name in (*evoked.channel_names, "Target", "NonTarget", "µV", "3 subjects"))


@pytest.mark.parametrize("n_versions", [1, 2])
def test_versions_stand_side_by_side(n_versions: int) -> None:
    series = [_series(f"version {number}", 3) for number in range(1, n_versions + 1)]
    for draw in (figures.roc_figure, figures.auc_figure, figures.confusion_figure):
        text = _texts(draw(series))
        assert all(each.name in text for each in series), draw.__name__
    assert "0.52" in _texts(figures.auc_figure(series))
    assert "60%" in _texts(figures.confusion_figure(series))


def test_rejections_are_counted_by_subject_and_channel() -> None:
    provenance = Provenance("{}", "hash", 512.0, 100.0, ("Fp1", "Cz"), "raw", "sha", 100, 88, 2, 10, {"Fp1": 10})
    text = _texts(figures.rejection_figure({SubjectId(7): provenance, SubjectId(9): provenance}))
    assert all(part in text for part in ("kept 176", "rejected 20", "incomplete 4", "Fp1", "Cz", "7", "9"))


def test_search_is_ranked() -> None:
    rows = [
        {"candidate": "lda", "parameters": {"shrinkage": 0.1}, "mean_auc": 0.81, "auc": {"1": 0.8, "2": 0.82}},
        {"candidate": "riemann", "parameters": {}, "mean_auc": 0.79, "auc": {"1": 0.78, "2": 0.8}},
    ]
    text = _texts(figures.search_figure(rows))
    assert text.index("riemann") < text.index("lda (shrinkage 0.1)")
    assert "0.810" in text
