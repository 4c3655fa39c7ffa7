"""Repair is MNE's splines where they interpolate, and the mean of the others where they would extrapolate."""

import mne
import numpy as np
import pytest

from p300.eeg.repair import MOST_AMPLIFIED, repair

SIXTY_FOUR = tuple(mne.channels.make_standard_montage("biosemi64").ch_names)
EIGHT = ("Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8")


def mne_matrix(channel_names, bads):
    info = mne.create_info(list(channel_names), 100.0, "eeg", verbose="ERROR")
    info.set_montage("colin27_1005", verbose="ERROR")
    info["bads"] = list(bads)
    unit_pulses = mne.EpochsArray(np.eye(len(channel_names))[np.newaxis], info, verbose="ERROR")
    return unit_pulses.interpolate_bads(verbose="ERROR").get_data(copy=False)[0]


def repaired(channel_names, bads, spreads_volts=None):
    spreads_volts = np.full(len(channel_names), 10e-6) if spreads_volts is None else np.array(spreads_volts)
    return repair(channel_names, {channel_names.index(name): "flat" for name in bads}, spreads_volts)


@pytest.mark.parametrize("bads", [("POz",), ("Fp1", "Cz"), ("F3", "AFz", "P6", "O2", "FC1", "C5")])
def test_a_full_cap_is_repaired_exactly_as_mne_does_it(bads):
    matrix, bad_channels = repaired(SIXTY_FOUR, bads)
    np.testing.assert_allclose(matrix, mne_matrix(SIXTY_FOUR, bads), atol=1e-12)
    assert {each.repair for each in bad_channels} == {"spline"}
    assert [each.name for each in bad_channels] == sorted(bads, key=SIXTY_FOUR.index)


def test_case_of_names_does_not_matter():
    upper = tuple(name.upper() for name in SIXTY_FOUR)
    np.testing.assert_array_equal(repaired(upper, ("CZ",))[0], repaired(SIXTY_FOUR, ("Cz",))[0])


def test_where_splines_extrapolate_the_channel_is_the_mean_of_the_others():
    assert np.abs(mne_matrix(EIGHT, ["PO7"])[5]).sum() > MOST_AMPLIFIED
    matrix, bad_channels = repaired(EIGHT, ["PO7"])
    np.testing.assert_allclose(matrix[5], [1 / 7] * 5 + [0] + [1 / 7] * 2)
    np.testing.assert_array_equal(np.delete(matrix, 5, axis=0), np.delete(np.eye(8), 5, axis=0))
    assert [(each.name, each.reason, each.repair) for each in bad_channels] == [("PO7", "flat", "mean")]


@pytest.mark.parametrize(
    "names", [("eeg_ch1", "eeg_ch2", "eeg_ch3", "eeg_ch4", "eeg_ch5"), ("Fz", "Cz", "Pz"), ("A", "B")]
)
def test_without_positions_or_with_few_channels_there_is_the_mean(names):
    matrix, bad_channels = repaired(names, names[:1])
    np.testing.assert_allclose(matrix[0, 1:], 1 / (len(names) - 1))
    assert bad_channels[0].repair == "mean"


def test_the_mean_counts_channels_of_any_gain_the_same():
    matrix, _ = repaired(("A", "B", "C", "D"), ["A"], [1.0, 10e-6, 20e-6, 40e-6])
    np.testing.assert_allclose(matrix[0], [0, 2 / 3, 1 / 3, 1 / 6])


def test_splines_do_not_mix_channels_of_unlike_gain():
    spreads = np.full(64, 10e-6)
    spreads[3] = 200e-6
    assert repaired(SIXTY_FOUR, ["Cz"], spreads)[1][0].repair == "mean"
