"""Figures of a training run and of the report: arrays in, a Figure out. No pyplot, no screen."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from sklearn.metrics import roc_curve

from p300.domain import Label, Provenance, SubjectId
from p300.model.answers import Answers
from p300.model.scores import THRESHOLD
from p300.report.evoked import Evoked

# Okabe & Ito's palette: told apart with any colour vision.
COLOURS = {Label.NonTarget: "#56B4E9", Label.Target: "#D55E00"}
VERSION_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
GREY = "#888888"
CHANCE_AUC = 0.5
WIDEST = 11.0
MOST_NUMBERS = 24  # written beside their points, before they cover each other


def evoked_figure(evoked: Evoked) -> Figure:
    """Average response to each class on each channel, with one standard deviation over subjects."""
    n_channels = len(evoked.channel_names)
    n_columns = min(4, n_channels)
    n_rows = math.ceil(n_channels / n_columns)
    figure = Figure(figsize=(3.2 * n_columns, 0.8 + 2.0 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
    times_ms = evoked.times_s * 1000
    for channel, (name, axes) in enumerate(zip(evoked.channel_names, panels, strict=False)):
        axes.axvline(0, color=GREY, linewidth=0.6)
        axes.axhline(0, color=GREY, linewidth=0.6)
        for label in Label:
            mean, spread = evoked.mean[label][channel], evoked.spread[label][channel]
            axes.fill_between(times_ms, mean - spread, mean + spread, color=COLOURS[label], alpha=0.2, linewidth=0)
            axes.plot(times_ms, mean, color=COLOURS[label], linewidth=1.4, label=label.name)
        axes.set_title(name, fontsize=9)
        axes.label_outer(remove_inner_ticks=True)  # which take half the time to draw
        plain(axes)
    for axes in panels[n_channels:]:
        axes.set_visible(False)
    panels[0].legend(frameon=False, fontsize=8)
    figure.supxlabel("time after the flash (ms)", fontsize=9)
    figure.supylabel(f"amplitude ({evoked.unit})", fontsize=9)
    figure.suptitle(f"Average response, {evoked.n_subjects} subjects, mean ± 1 SD over subjects", fontsize=11)
    return figure


def roc_figure(versions: Mapping[str, Answers]) -> Figure:
    """ROC curve of each subject, thin, and their mean at equal false positive rates, thick; by the name of each."""
    figure = Figure(figsize=(4.8, 4.4), layout="constrained")
    axes = figure.subplots()
    grid = np.linspace(0, 1, 201)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--", label="chance")
    for (name, answers), colour in zip(versions.items(), _colours(versions), strict=True):
        curves = []
        for each in answers.values():
            false_positives, true_positives, _ = roc_curve(each.targets, each.probabilities)
            axes.plot(false_positives, true_positives, color=colour, linewidth=0.6, alpha=0.35)
            curves.append(np.interp(grid, false_positives, true_positives))
        label = f"{name}, AUC {answers.mean_auc:.3f}"
        axes.plot(grid, np.mean(curves, axis=0), color=colour, linewidth=2.2, label=label)
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC by subject and mean")
    axes.set_aspect("equal")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    plain(axes)
    return figure


def auc_figure(versions: Mapping[str, Answers]) -> Figure:
    """AUC of each subject under each version, and over all flashes where it is known which were missed."""
    subjects = sorted({subject for answers in versions.values() for subject in answers})
    width = min(WIDEST, max(4.5, 1.5 + 0.45 * len(subjects) * len(versions)))
    figure = Figure(figsize=(width, 3.6), layout="constrained")
    axes = figure.subplots()
    few = len(subjects) * len(versions) <= MOST_NUMBERS
    for index, ((name, answers), colour) in enumerate(zip(versions.items(), _colours(versions), strict=True)):
        offset = 0.5 * ((index + 0.5) / len(versions) - 0.5)
        places = np.array([subjects.index(subject) for subject in answers]) + offset
        auc = [scores.auc for scores in answers.scores.values()]
        label = f"{name}, mean {answers.mean_auc:.3f}"
        axes.vlines(places, CHANCE_AUC, auc, color=colour, linewidth=1.2)
        axes.scatter(places, auc, s=36, color=colour, label=label, zorder=3)
        if answers.all_flashes is not None:
            whole = [scores.auc for scores in answers.all_flashes.scores.values()]
            label = f"over all flashes, mean {answers.all_flashes.mean_auc:.3f}"
            axes.scatter(places, whole, s=36, facecolor="white", edgecolor=colour, marker="D", label=label, zorder=2)
        for place, value in zip(places, auc, strict=True) if few else ():
            axes.annotate(f"{value:.2f}", (place, value), (0, 6), textcoords="offset points", fontsize=8, ha="center")
    axes.axhline(CHANCE_AUC, color=GREY, linewidth=0.8, linestyle="--")
    axes.set_xticks(range(len(subjects)), [str(subject) for subject in subjects])
    axes.set(xlabel="subject", ylabel="AUC", title="AUC by subject", xlim=(-0.6, len(subjects) - 0.4))
    axes.set_ylim(min(0.45, axes.get_ylim()[0]), 1.03)
    figure.legend(frameon=False, fontsize=8, ncols=2, loc="outside lower center")
    plain(axes)
    return figure


def score_figure(versions: Mapping[str, Answers]) -> Figure:
    """How each version's probabilities of Target are distributed over each class, all subjects together."""
    figure = Figure(figsize=(0.8 + 3.0 * len(versions), 3.6), layout="constrained")
    panels = figure.subplots(1, len(versions), squeeze=False, sharey=True).ravel()
    edges = np.linspace(0, 1, 41)
    for (name, answers), axes in zip(versions.items(), panels, strict=True):
        targets, probabilities = answers.pooled_targets, answers.pooled_probabilities
        for label, those in ((Label.NonTarget, ~targets), (Label.Target, targets)):
            share = np.histogram(probabilities[those], edges)[0] / max(1, those.sum())
            axes.stairs(share, edges, color=COLOURS[label], fill=True, alpha=0.35)
            axes.stairs(share, edges, color=COLOURS[label], linewidth=1.4, label=f"{label.name} ({those.sum():,})")
        axes.axvline(THRESHOLD, color=GREY, linewidth=0.8, linestyle="--")
        axes.set(xlabel="probability of Target", title=name, xlim=(0, 1))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.legend(frameon=False, fontsize=8)
        plain(axes)
    panels[0].set_ylabel("flashes of the class")
    return figure


def confusion_figure(versions: Mapping[str, Answers]) -> Figure:
    """Confusion matrices over all subjects: counts, shaded by the share of each row.

    Rows: what the flash was, NonTarget then Target. Columns: what it was called.
    """
    figure = Figure(figsize=(0.6 + 3.0 * len(versions), 3.2), layout="constrained")
    panels = figure.subplots(1, len(versions), squeeze=False).ravel()
    names = [label.name for label in Label]
    for (name, answers), axes in zip(versions.items(), panels, strict=True):
        confusion = answers.pooled.confusion
        share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(2, 2):
            text = f"{confusion[row, column]:,}\n{share[row, column]:.0%}"
            colour = "white" if share[row, column] > 0.6 else "black"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=10)
        axes.set_xticks((0, 1), names)
        axes.set_yticks((0, 1), names, rotation=90, va="center")
        axes.set(xlabel="called", ylabel="was", title=name)
    return figure


def rejection_figure(provenances: Mapping[SubjectId, Provenance]) -> Figure:
    """How many epochs of each subject were kept, rejected and cut off, and by which channels they were rejected."""
    rejected, repaired = _by_channel(provenances)
    size = (min(WIDEST, max(7.0, 3.5 + 0.4 * len(provenances))), max(3.4, 1.0 + 0.14 * len(rejected)))
    figure = Figure(figsize=size, layout="constrained")
    by_subject, by_channel = figure.subplots(1, 2, width_ratios=(3, 2))
    places = [str(subject) for subject in provenances]
    bottom = np.zeros(len(places))
    for name, colour in (("kept", "#009E73"), ("rejected", "#D55E00"), ("incomplete", GREY)):
        counts = np.array([getattr(each, f"n_{name}") for each in provenances.values()])
        by_subject.bar(places, counts, bottom=bottom, color=colour, label=f"{name} {counts.sum():,}")
        bottom += counts
    by_subject.set(xlabel="subject", ylabel="epochs", title="Epochs by subject")
    figure.legend(frameon=False, fontsize=8, ncols=3, loc="outside lower center")
    names = [f"{name} (repaired in {repaired[name]})" if repaired[name] else name for name in rejected]
    by_channel.barh(names, list(rejected.values()), color="#D55E00")
    by_channel.invert_yaxis()
    by_channel.tick_params(axis="y", labelsize=7)
    by_channel.set(xlabel="epochs that exceeded the limit", title="Rejections by channel")
    plain(by_subject)
    plain(by_channel)
    return figure


def _by_channel(provenances: Mapping[SubjectId, Provenance]) -> tuple[dict[str, int], Counter[str]]:
    """Epochs that each channel spoilt, and recordings in which it was repaired; over all subjects."""
    rejected: dict[str, int] = {}
    repaired: Counter[str] = Counter()
    for each in provenances.values():
        repaired.update(channel.name for channel in each.bad_channels)
        for name in each.channel_names:
            rejected[name] = rejected.get(name, 0) + each.rejected_by_channel.get(name, 0)
    return rejected, repaired


def search_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """All trials of a search, best first: rows with `candidate`, `parameters`, `mean_auc` and `auc` by subject."""
    ranked = sorted(rows, key=lambda row: float(row["mean_auc"]))
    figure = Figure(figsize=(7.5, 1.1 + 0.32 * len(ranked)), layout="constrained")
    axes = figure.subplots()
    names = []
    for place, row in enumerate(ranked):
        parameters = ", ".join(f"{key} {value}" for key, value in row["parameters"].items())
        names.append(f"{row['candidate']} ({parameters})")
        axes.scatter(list(row["auc"].values()), [place] * len(row["auc"]), s=10, color=GREY, alpha=0.6)
        axes.scatter([row["mean_auc"]], [place], s=36, color=VERSION_COLOURS[0], zorder=3)
        axes.annotate(
            f"{row['mean_auc']:.3f}", (row["mean_auc"], place), (0, 5), textcoords="offset points", fontsize=7
        )
    axes.set_yticks(range(len(names)), names)
    axes.set(
        ylim=(-0.5, len(names) - 0.2),
        xlabel="AUC, each subject left out in turn (grey) and their mean (blue)",
        title="Search",
    )
    plain(axes)
    return figure


def _colours(versions: Mapping[str, Answers]) -> list[str]:
    return [VERSION_COLOURS[index % len(VERSION_COLOURS)] for index in range(len(versions))]


def plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
