"""Figures of sizes and costs: what is drawn stands where the numbers are."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd

from ramgnn.plots import sizes

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402


def test_every_graph_is_a_point():
    table = pd.DataFrame({"incidences": [1e4, 2e5, 2e6], "edges": [1e6, 1e9, 1e11], "kind": ["$a$", "b", "b"]})
    ax = sizes.edges_against_incidences(table)
    ax.figure.canvas.draw()
    points = np.concatenate([c.get_offsets() for c in ax.collections])
    assert {tuple(p) for p in points} == set(zip(table["incidences"], table["edges"], strict=True))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["$a$", "b"]


def test_a_window_has_its_points_and_no_others():
    line = [0.0, 0.2, 0.3, 0.7, 1.0]
    ax = sizes.window(plt.subplots()[1], line, here=2, low=1, high=3)
    outside, inside, here = (np.atleast_1d(own.get_xdata()).tolist() for own in ax.lines[1:])
    assert outside == [0.0, 1.0] and inside == [0.2, 0.7] and here == [0.3]


def test_bars_say_their_numbers_and_what_was_not_run():
    table = pd.DataFrame({"s": [10.0, 1.0, np.nan], "GB": [5.0, 1.0, 700.0]}, ["$all$", "ours", "never"])
    figure = sizes.bars(table, {"s": "{:.0f}", "GB": "{:.0f}"}, computed=["never"])
    figure.canvas.draw()
    first, second = figure.axes
    assert [text.get_text() for text in first.texts] == ["10", "1", "not run"]
    assert [bar.get_linestyle() for bar in second.patches] == ["-", "-", "--"]
    assert np.allclose([bar.get_x() + bar.get_width() for bar in second.patches], table["GB"])


def test_growth_has_a_line_for_each_wiring():
    curve = pd.DataFrame({"incidences": [1e6, 2e6] * 2, "wiring": ["a", "a", "b", "b"], "s": [1.0, 2.0, 1.0, 2.1]})
    figure = sizes.growth(curve.assign(e=[1, 2, 1, 4]), {"s": "seconds", "e": "log edges"})
    assert [len(ax.lines) for ax in figure.axes] == [2, 2]
    assert [ax.get_yscale() for ax in figure.axes] == ["linear", "log"]


def test_sliding_windows_say_what_enters_and_leaves():
    ax = sizes.sliding([(0, 2), (0, 2), (2, 4)], first=1)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["1", "2", "3"]
    points = {line.get_label(): set(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in ax.get_lines()}
    assert points["stays"] == {(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (2, 2)}
    assert points["enters"] == {(3, 2), (4, 2)} and points["leaves"] == {(0, 2), (1, 2)}


def test_time_against_thresholds_is_the_median_of_the_runs():
    runs = pd.DataFrame({"k": [1, 1, 1, 500], "seconds": [1.0, 2.0, 9.0, 3.0], "way": ["a"] * 4})
    ax = sizes.against_thresholds(runs)
    line = next(line for line in ax.get_lines() if line.get_label() == "a")
    assert line.get_xdata().tolist() == [1, 500] and line.get_ydata().tolist() == [2.0, 3.0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a"]
