"""Results over dimension and composition: what is drawn."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest

from ramgnn.plots import dimensions

matplotlib.use("agg")


def test_heat_colours_by_distance_from_the_mean_of_a_row() -> None:
    means = pd.DataFrame({"a": [0.2, 0.5], "$b$": [0.3, 0.5]}, index=["HR", "$M$"])
    ax = dimensions.heat(means, means / 2)
    assert np.asarray(ax.collections[0].get_array()).ravel() == pytest.approx([-20, 20, 0, 0])
    assert [t.get_text() for t in ax.texts] == [".200\n(.100)", ".300\n(.150)", ".500\n(.250)", ".500\n(.250)"]
    ax.figure.canvas.draw()
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "$b$"]
    assert [t.get_text() for t in dimensions.heat(means).texts][0] == ".200"


def test_over_width_has_a_line_a_band_and_diamonds() -> None:
    ax = dimensions.over_width([20, 40], [0.1, 0.2], [(0, 0.2), (0.1, 0.3)], [0.3, 0.4], [[0.1], [0.15, 0.25]])
    assert [line.get_ydata().tolist() for line in ax.lines] == [[0.1, 0.2], [0.3, 0.4]]
    assert set(ax.get_legend_handles_labels()[1]) == {"95 % interval", "our mean", "single runs", "the paper's"}
    assert ax.collections[-1].get_offsets().tolist() == [[20, 0.1], [40, 0.15], [40, 0.25]]
    assert len(dimensions.over_width([20, 40], [0.1, 0.2], [(0, 0.2), (0.1, 0.3)]).lines) == 1


def test_gaps_are_shares_of_draws() -> None:
    ax = dimensions.gaps([0.011, 0.012, 0.031, 0.5], 0.02)
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(100)
    assert ax.lines[0].get_xdata()[0] == pytest.approx(2)
    assert not dimensions.gaps([0.01]).lines


def test_margins_say_what_lies_inside() -> None:
    ax = dimensions.margins(["a", "$b$"], [(0.01, 0, 0.02), (0.01, -0.01, 0.04)], 0.03, most=0.1)
    inside, outside = (line for line in ax.lines if line.get_marker() == "o")
    assert inside.get_markerfacecolor() != "none" and outside.get_markerfacecolor() == "none"
    assert ax.get_xlim() == (-10, 10) and ax.get_ylim()[0] > ax.get_ylim()[1]
    ax.figure.canvas.draw()
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "$b$"]
