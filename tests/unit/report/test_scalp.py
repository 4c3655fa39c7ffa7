"""Scalp maps put each electrode where it is, and say what they cannot show."""

import io

import numpy as np
import pytest
from matplotlib.text import Text

from p300.domain import Label
from p300.errors import InvalidInput
from p300.report.evoked import Evoked
from p300.report.scalp import scalp_figure, unplaced


def _evoked(*names: str) -> Evoked:
    """A Target response of 5 microvolts on the last channel, which begins 300 ms after the flash and ends at 400 ms."""
    times_s = np.arange(-10, 61) / 100
    target = np.zeros((len(names), len(times_s)))
    target[-1, (times_s >= 0.3) & (times_s <= 0.4)] = 5
    target[-1, 45] = 6  # 350 ms
    mean = {Label.Target: target, Label.NonTarget: np.zeros_like(target)}
    return Evoked(mean=mean, spread=mean, times_s=times_s, channel_names=names, unit="µV", n_subjects=2)


def test_maps_name_their_moments_and_electrodes() -> None:
    figure = scalp_figure(_evoked("FP1", "fz", "C3", "Cz", "EOG", "Pz"))
    figure.savefig(io.BytesIO(), format="png", dpi=30)
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert "strongest, at 350 ms" in texts
    assert [text for text in texts if text.endswith(" ms")][1:] == [f"{time} ms" for time in range(0, 601, 100)]
    assert {"Fp1", "Fz", "C3", "Cz", "Pz"} <= set(texts)
    assert "EOG" not in texts
    assert "Target minus NonTarget (µV)" in texts


def test_the_response_lies_where_its_electrode_is() -> None:
    axes = scalp_figure(_evoked("Fz", "C3", "C4", "Cz", "Pz")).axes[0]
    image = axes.images[0]
    left, right, bottom, top = image.get_extent()
    values = np.ma.filled(image.get_array(), 0)
    row, column = np.unravel_index(np.argmax(values), values.shape)
    assert abs(left + (column + 0.5) / values.shape[1] * (right - left)) < 0.2 * (right - left)
    assert bottom + (row + 0.5) / values.shape[0] * (top - bottom) < 0  # behind the middle of the head


def test_channels_without_a_place_are_named() -> None:
    assert unplaced(("Fz", "EOG", "PO7", "eeg_ch1")) == ["EOG", "eeg_ch1"]


@pytest.mark.parametrize("names", [("eeg_ch1", "eeg_ch2", "eeg_ch3", "eeg_ch4"), ("Fz", "Cz", "Pz"), ("Fz",) * 5])
def test_too_few_places_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match=r"only [013] have a name of the 10-05 system, and a map needs 4"):
        scalp_figure(_evoked(*names))
