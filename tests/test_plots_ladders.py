"""The figure of the ladder: each rung stands where its number is, the ends are marked."""

from __future__ import annotations

import matplotlib
import pandas as pd

from ramgnn.plots.ladders import ladders

matplotlib.use("agg")


def test_each_rung_has_its_dot_and_interval():
    found = pd.DataFrame(
        {"mean": [0.1, 0.3, 0.2], "low": [0.05, 0.2, 0.1], "high": [0.2, 0.4, 0.3]}, ["as printed", "R1", "$x$"]
    )
    figure = ladders({"up": found, "down": found.iloc[:2]})
    figure.canvas.draw()
    first, second = figure.axes
    _, ends, between = first.lines
    assert ends.get_xdata().tolist() == [0.1, 0.2] and between.get_xdata().tolist() == [0.3]
    (bars,) = first.collections
    assert [segment[:, 0].tolist() for segment in bars.get_segments()] == found[["low", "high"]].to_numpy().tolist()
    assert [text.get_text() for text in first.get_yticklabels()] == ["as printed", "R1", "$x$"]
    assert len(second.get_yticks()) == 2
