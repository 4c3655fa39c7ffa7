import numpy as np

from p300.eeg.artifacts import count_by_channel, describe, exceeding, peak_to_peak


def test_an_offset_is_no_swing():
    epochs = np.array([[1.0, 5.0, 2.0], [1001.0, 1005.0, 1002.0]])
    assert peak_to_peak(epochs).tolist() == [4.0, 4.0]


def test_only_more_than_the_limit_is_rejected():
    swings = np.array([[99e-6, 100e-6, 101e-6]])
    assert exceeding(swings, 100e-6).tolist() == [[False, False, True]]
    assert not exceeding(np.array([[1e9]]), None).any()


def test_channels_are_counted_worst_first():
    exceeds = np.array([[True, False, True], [False, False, True], [False, False, True]])
    assert list(count_by_channel(exceeds, ("Fz", "Cz", "Pz")).items()) == [("Pz", 3), ("Fz", 1)]


def test_the_description_names_the_worst_channels_and_counts_the_rest():
    assert describe({"PO7": 12, "Fz": 3}, 100e-6) == "over 100 microvolts peak to peak on PO7 (12), Fz (3)"
    many = {f"E{number}": 50 - number for number in range(1, 9)}
    assert describe(many, 75e-6).endswith("E4 (46), E5 (45) and 3 more channels")
