"""Figures that set two versions side by side: arrays in, a Figure out."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from p300.domain import SubjectId
from p300.model.answers import Answers
from p300.model.scores import equal_bins
from p300.report.figures import GREY, VERSION_COLOURS, plain

BETTER, WORSE = "#009E73", "#D55E00"


def paired_figure(names: tuple[str, str], pairs: Mapping[SubjectId, tuple[float, float]]) -> Figure:
    """AUC of each subject under both versions, joined by a line; the mean in black."""
    figure = Figure(figsize=(4.8, 4.4), layout="constrained")
    axes = figure.subplots()
    for subject, pair in pairs.items():
        colour = BETTER if pair[1] > pair[0] else WORSE if pair[1] < pair[0] else GREY
        axes.plot((0, 1), pair, color=colour, linewidth=1.1, marker="o", markersize=4, alpha=0.8)
        axes.annotate(str(subject), (1, pair[1]), (6, 0), textcoords="offset points", fontsize=7, va="center")
    means = np.mean(list(pairs.values()), axis=0)
    axes.plot((0, 1), means, color="black", linewidth=2.4, marker="s", label=f"mean {means[0]:.3f} to {means[1]:.3f}")
    axes.set_xticks((0, 1), names)
    axes.set(xlim=(-0.2, 1.3), ylabel="AUC", title="AUC of each subject")
    axes.legend(frameon=False, fontsize=8)
    plain(axes)
    return figure


def reliability_figure(versions: Mapping[str, Answers]) -> Figure:
    """Share of Targets among flashes that were given about the same probability, by bins of equally many."""
    figure = Figure(figsize=(4.8, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--", label="as said")
    for (name, answers), colour in zip(versions.items(), VERSION_COLOURS, strict=False):
        said, happened = equal_bins(answers.pooled_targets, answers.pooled_probabilities)
        axes.plot(said, happened, color=colour, linewidth=1.6, marker="o", markersize=4, label=name)
    axes.set(
        xlabel="probability that was given", ylabel="share of Targets", title="Reliability", xlim=(0, 1), ylim=(0, 1)
    )
    axes.set_aspect("equal")
    axes.legend(frameon=False, fontsize=8)
    plain(axes)
    return figure
