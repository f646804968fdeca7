"""Figures that compare models: what is drawn is what was given, and labels are shown as they are."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest

from ramgnn import plots
from ramgnn.plots import comparison

matplotlib.use("agg")

ODD = ["$x_1$", r"$\frac{1}$", "50 % & $"]


def compared(a: str, b: str, difference: float, sign: int = 0):
    return SimpleNamespace(a=a, b=b, difference=difference, low=difference - 1, high=difference + 1, sign=sign)


def test_draws_are_piled_up_by_who_is_ahead():
    ax = comparison.draws([-1, -1, 2], (-1, 2))
    behind, ahead, interval = ax.lines[:3]
    assert behind.get_xydata().tolist() == [[-1, 1], [-1, 2]] and ahead.get_xydata().tolist() == [[2, 1]]
    assert interval.get_xdata().tolist() == [-1, 2]
    assert [x.get_text() for x in ax.get_legend().get_texts()][:2] == ["B is ahead in 2", "A is ahead in 1"]


def test_trials_mark_the_first_and_the_chosen():
    ax = comparison.trials(ODD, [[0.1, 0.3], [0.2], [0.5, 0.4, 0.6]], [0.3, 0.2, 0.6], [0, 1, 2])
    ax.figure.canvas.draw()
    dots = np.concatenate([c.get_offsets()[:, 0] for c in ax.collections[:-1]])
    assert sorted(dots.tolist()) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert ax.collections[-1].get_offsets()[:, 0].tolist() == [0.1, 0.2, 0.5]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D" and len(line.get_xdata())] == [
        0.3, 0.2, 0.6,
    ]  # fmt: skip
    assert [x.get_text() for x in ax.get_yticklabels()] == ODD and ax.get_ylim()[0] > ax.get_ylim()[1]


def test_pairs_have_two_signs_and_a_dot_where_told():
    pairs = [compared("a", "b", 0.2, 1), compared("b", "c", -0.1), compared("a", "c", 0.3)]
    differences, told = comparison.matrices(["c", "a", "b"], pairs)
    assert differences.tolist() == [[0, -0.3, 0.1], [0.3, 0, 0.2], [-0.1, -0.2, 0]]
    assert np.argwhere(told).tolist() == [[1, 2], [2, 1]]
    ax = comparison.pair_matrix(ODD, differences, told)
    ax.figure.canvas.draw()
    assert ax.collections[1].get_offsets().tolist() == [[2.5, 1.5], [1.5, 2.5]]
    assert [x.get_text() for x in ax.get_xticklabels()] == [x.get_text() for x in ax.get_yticklabels()] == ODD
    none = comparison.pair_matrix(["a", "b"], np.zeros((2, 2)), np.zeros((2, 2), bool))
    assert len(none.collections) == 1


def test_no_difference_has_the_ground_of_the_page():
    assert comparison.DIVERGING(0.5)[3] < 0.01
    assert comparison.DIVERGING(0.0)[3] == comparison.DIVERGING(1.0)[3] == 1
    assert comparison.DIVERGING(0.25)[3] == pytest.approx(0.5, abs=0.01)


def test_differences_are_filled_where_told():
    each = [compared("a", "s", 1.0, 1), compared("b", "s", -2.0), compared("c", "s", -3.0, -1)]
    figure = comparison.differences(ODD, {"x": each, "y": each}, marks={"x": 0.5})
    figure.canvas.draw()
    first, second = figure.axes
    dots = [line for line in first.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in dots] == [1, -2, -3]
    assert [line.get_markerfacecolor() == "none" for line in dots] == [False, True, False]
    assert [line.get_color() for line in dots] == [comparison.AHEAD, plots.INK, comparison.BEHIND]
    assert [sum(line.get_marker() == "D" for line in ax.lines) for ax in (first, second)] == [1, 0]


def test_bars_are_as_high_as_means_and_have_intervals():
    rng = np.random.default_rng(0)
    drawn = {name: {"HR": rng.normal(0.2 + n, 0.01, 400), "MRR": np.full(400, 0.1)} for n, name in enumerate(ODD)}
    ax = comparison.grouped_bars(drawn, {(ODD[0], "HR"): 0.25})
    ax.figure.canvas.draw()
    heights = [[bar.get_height() for bar in group] for group in ax.containers]
    assert np.allclose(heights, [[x.mean() for x in of.values()] for of in drawn.values()])
    low, high = np.percentile(drawn[ODD[0]]["HR"], [2.5, 97.5])
    ends = ax.lines[0].get_ydata()
    assert np.nanmin(ends) == pytest.approx(low, abs=1e-3) and np.nanmax(ends) == pytest.approx(high, abs=1e-3)
    (mark,) = [line for line in ax.lines if line.get_marker() == "D" and len(line.get_xdata())]
    bar = ax.containers[0][0]
    assert mark.get_ydata()[0] == 0.25 and mark.get_xdata()[0] == bar.get_x() + bar.get_width() / 2
    assert [x.get_text() for x in ax.get_legend().get_texts()] == [*ODD, "the paper's"]


def test_promises_name_the_rank_correlation():
    frame = pd.DataFrame({"validation": [0.1, 0.2, 0.3], "test": [0.3, 0.2, 0.1]}, index=ODD)
    figure = comparison.promises({"x": frame, "$y_": -frame + 1})
    figure.canvas.draw()
    assert [ax.get_title() for ax in figure.axes] == ["x: Spearman -1.00", "$y_: Spearman -1.00"]
    assert [text.get_text() for text in figure.axes[0].texts] == [f"{ODD[2]}:\npromised most", f"{ODD[0]}:\ngave most"]


def test_encoders_hear_what_they_are_given():
    figure = comparison.encoders({"deaf": ({"C": (0.5, "× $d_")}, "[1, 2]"), "all": ({}, "[0, 0]")})
    figure.canvas.draw()
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words.count("not heard") == 2 and "× $d_" in words and "[1, 2]" in words
    assert [len(ax.patches) for ax in figure.axes[:2]] == [1, 0]


def test_runs_are_marks_and_means_strokes():
    frame = pd.DataFrame({"x": [1.0, 3.0, 5.0, 7.0], "who": [ODD[0], ODD[0], ODD[1], ODD[1]], "data": ["a", "b"] * 2})
    ax = comparison.runs(frame, "x", "who", "data")
    ax.figure.canvas.draw()
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1, 5], [3, 7]]
    assert [x.get_text() for x in ax.get_yticklabels()] == ODD[:2]
    assert [x.get_text() for x in ax.get_legend().get_texts()] == ["a", "b"]
