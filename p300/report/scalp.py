"""Scalp maps: where on the head the responses to Target and NonTarget differ. Needs MNE."""

from collections.abc import Sequence

import mne
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from p300.domain import Float64s
from p300.errors import InvalidInput
from p300.report.evoked import Evoked

MONTAGE = "colin27_1005"
FEWEST_ELECTRODES = 4
STEP_S = 0.1
SMOOTH_S = 0.05  # each map is the mean over this much time around its moment


def scalp_figure(evoked: Evoked) -> Figure:
    """Target minus NonTarget over the head: when it is strongest, and every tenth of a second.

    It is strongest when its root mean square over the channels is highest. MNE interpolates between
    the electrodes, which stand where the 10-05 system has those names.

    Raises
    ------
    InvalidInput
        Fewer than four channels have a name of the 10-05 system.
    """
    info, places = _electrodes(evoked.channel_names)
    difference = evoked.difference[places]
    after = evoked.times_s >= 0
    strength = np.sqrt(np.mean(difference**2, axis=0)) * after
    peak_s = float(evoked.times_s[np.argmax(strength)])
    moments_s = np.arange(0, evoked.times_s[-1] + 1e-9, STEP_S)
    limit = float(np.abs(difference[:, after]).max()) or 1.0
    n_columns = (len(moments_s) + 1) // 2
    figure = Figure(figsize=(3.4 + 1.5 * n_columns, 3.6), layout="constrained")
    grid = figure.add_gridspec(2, n_columns + 2, width_ratios=[1.5, 1.5, *[1] * n_columns])
    largest = figure.add_subplot(grid[:, :2])
    image = _draw(largest, _around(evoked, difference, peak_s), info, limit, names=list(info.ch_names))
    largest.set_title(f"strongest, at {peak_s * 1000:.0f} ms", fontsize=10)
    small = [figure.add_subplot(grid[index // n_columns, 2 + index % n_columns]) for index in range(len(moments_s))]
    for moment_s, axes in zip(moments_s, small, strict=True):
        _draw(axes, _around(evoked, difference, moment_s), info, limit)
        axes.set_title(f"{moment_s * 1000:.0f} ms", fontsize=9)
    bar = figure.colorbar(image, ax=[largest, *small], shrink=0.7, aspect=18, pad=0.02)
    bar.set_label(f"Target minus NonTarget ({evoked.unit})", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return figure


def unplaced(channel_names: Sequence[str]) -> list[str]:
    """Channels whose names are not in the 10-05 system: no map shows them."""
    known = _positions()
    return [name for name in channel_names if name.lower() not in known]


def _draw(axes: Axes, values: Float64s, info: mne.Info, limit: float, names: list[str] | None = None) -> AxesImage:
    image: AxesImage
    image, _ = mne.viz.plot_topomap(
        values,
        info,
        axes=axes,
        show=False,
        cmap="RdBu_r",
        vlim=(-limit, limit),
        names=names,
        contours=4,
    )
    for text in axes.texts:
        text.set(fontsize=7, verticalalignment="bottom")  # above its electrode, not on it
    return image


def _around(evoked: Evoked, difference: Float64s, moment_s: float) -> Float64s:
    near = np.abs(evoked.times_s - moment_s) <= SMOOTH_S / 2 + 1e-9
    return np.asarray(difference[:, near].mean(axis=1))


def _electrodes(channel_names: Sequence[str]) -> tuple[mne.Info, list[int]]:
    """Channels that have a place of their own on the head, and their numbers among all."""
    positions = _positions()
    places: dict[tuple[float, ...], int] = {}
    for number, name in enumerate(channel_names):
        if name.lower() in positions:
            places.setdefault(tuple(positions[name.lower()][1]), number)
    if len(places) < FEWEST_ELECTRODES:
        raise InvalidInput(
            f"There are no scalp maps: of the channels {', '.join(channel_names)} only {len(places)} have a name of "
            f"the 10-05 system, and a map needs {FEWEST_ELECTRODES}. A recording's metadata can name them "
            "(channel_names)."
        )
    numbers = list(places.values())
    names = [positions[channel_names[number].lower()][0] for number in numbers]
    info = mne.create_info(names, sfreq=1.0, ch_types="eeg")
    info.set_montage(mne.channels.make_standard_montage(MONTAGE), verbose="ERROR")
    return info, numbers


def _positions() -> dict[str, tuple[str, Float64s]]:
    """The system's own spelling of a name, and where its electrode stands, by the name in lower case."""
    montage = mne.channels.make_standard_montage(MONTAGE)
    return {name.lower(): (name, place) for name, place in montage.get_positions()["ch_pos"].items()}
