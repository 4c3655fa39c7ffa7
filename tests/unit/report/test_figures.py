"""Figures show what they were given, for one version or two, few channels or many."""

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from p300.domain import BadChannel, Label, SubjectId
from p300.model.answers import Answers, Flashes, Missed, SubjectAnswers
from p300.report import figures
from p300.report.evoked import Evoked
from tests.builders import make_provenance


def _answers(n_subjects: int) -> Answers:
    """Of 30 NonTargets 25 are called so, and of 10 Targets 6."""
    targets = np.arange(40) >= 30
    probabilities = np.repeat([0.1, 0.8, 0.2, 0.9], [25, 5, 4, 6])
    return Answers(
        {SubjectId(subject): SubjectAnswers(Flashes(targets), probabilities) for subject in range(1, n_subjects + 1)}
    )


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
    versions = {f"version {number}": _answers(3) for number in range(1, n_versions + 1)}
    for draw in (figures.roc_figure, figures.auc_figure, figures.confusion_figure, figures.score_figure):
        text = _texts(draw(versions))
        assert all(name in text for name in versions), draw.__name__
    assert "0.93" in _texts(figures.auc_figure(versions))
    assert "60%" in _texts(figures.confusion_figure(versions))


def test_auc_is_shown_over_all_flashes_too_where_it_is_known() -> None:
    flashes = Flashes(np.arange(40) >= 30, Missed(n_targets=10, n_nontargets=30))
    answers = Answers({SubjectId(1): SubjectAnswers(flashes, np.arange(40) / 40)})
    text = _texts(figures.auc_figure({"version 1": answers}))
    assert "version 1, mean 1.000" in text
    assert "over all flashes, mean 0.713" in text
    assert "over all flashes" not in _texts(figures.auc_figure({"version 1": _answers(1)}))


def test_many_subjects_fit_on_a_screen() -> None:
    versions = {f"version {number}": _answers(64) for number in (1, 2)}
    provenances = {SubjectId(subject): make_provenance() for subject in range(1, 65)}
    for figure in (figures.auc_figure(versions), figures.rejection_figure(provenances)):
        assert figure.get_figwidth() <= 11


def test_scores_are_shares_of_each_class() -> None:
    axes = figures.score_figure({"version 1": _answers(2)}).axes[0]
    shares = {patch.get_label(): patch.get_data().values for patch in axes.patches if patch.get_label()}
    assert list(shares) == ["NonTarget (60)", "Target (20)"]
    assert [share.sum() for share in shares.values()] == pytest.approx([1, 1])
    np.testing.assert_allclose(shares["Target (20)"][[8, 36]], [0.4, 0.6])


def test_rejections_are_counted_by_subject_and_channel() -> None:
    provenance = make_provenance(
        88, channel_names=("Fp1", "Cz"), n_flashes=100, n_incomplete=2, n_rejected=10, rejected_by_channel={"Fp1": 10}
    )
    repaired = replace(provenance, bad_channels=(BadChannel("Cz", "flat", "mean"),))
    text = _texts(figures.rejection_figure({SubjectId(7): provenance, SubjectId(9): repaired}))
    assert "Cz (repaired in 1)" in text
    assert all(part in text for part in ("kept 176", "rejected 20", "incomplete 4", "Fp1", "Cz", "7", "9"))


def test_search_is_ranked() -> None:
    rows = [
        {"candidate": "lda", "parameters": {"shrinkage": 0.1}, "mean_auc": 0.81, "auc": {"1": 0.8, "2": 0.82}},
        {"candidate": "riemann", "parameters": {}, "mean_auc": 0.79, "auc": {"1": 0.78, "2": 0.8}},
    ]
    text = _texts(figures.search_figure(rows))
    assert text.index("riemann") < text.index("lda (shrinkage 0.1)")
    assert "0.810" in text
