"""What the figures of a comparison say."""

import numpy as np
import pytest

from p300.domain import SubjectId
from p300.report.comparison import BETTER, WORSE, paired_figure, reliability_figure
from tests.unit.rollout.contests import people


def test_each_subject_is_a_line_whose_colour_says_for_whom_it_is_better() -> None:
    pairs = {SubjectId(1): (0.7, 0.8), SubjectId(2): (0.9, 0.85)}
    (axes,) = paired_figure(("champion", "challenger"), pairs).axes
    lines = [(line.get_color(), line.get_ydata().tolist()) for line in axes.lines]
    assert lines[:2] == [(BETTER, [0.7, 0.8]), (WORSE, [0.9, 0.85])]
    assert lines[2][1] == pytest.approx([0.8, 0.825])


def test_reliable_probabilities_lie_on_the_diagonal() -> None:
    champion, challenger = people(np.random.default_rng(0), 20, 600, gain=0.2, spread=0.0)
    (axes,) = reliability_figure({"champion": champion, "challenger": challenger}).axes
    diagonal, *versions = axes.lines
    assert diagonal.get_ydata().tolist() == [0, 1]
    assert len(versions) == 2
    for line in versions:
        np.testing.assert_allclose(line.get_xdata(), line.get_ydata(), atol=0.05)
