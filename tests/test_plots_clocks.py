"""Figures of chapter 14: the numbers in them are those that they are given."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest

from ramgnn.plots import clocks

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402


def test_a_metric_by_age_and_a_level():
    ax = clocks.by_age({0: 0.3, 4: 0.1}, (0.2, "popularity"))
    assert ax.lines[0].get_xydata().tolist() == [[0, 0.3], [4, 0.1]]
    assert ax.lines[1].get_ydata()[0] == 0.2
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["one film", "popularity"]


def test_weights_of_a_memory_are_a_softmax():
    ax = clocks.memories(plt.subplots()[1], [1.0, 1e9], most=3)
    e = np.exp(-np.arange(4.0))
    np.testing.assert_allclose(ax.lines[0].get_ydata(), e / e.sum())
    np.testing.assert_allclose(ax.lines[1].get_ydata(), np.full(4, 0.25), rtol=1e-6)
    assert clocks.memories(plt.subplots()[1], [2.0]).get_legend() is None


def test_a_metric_by_share():
    ax = clocks.by_share([0, 0.5, 1], [0.1, 0.3, 0.2], ("paths", "attention"))
    assert ax.lines[0].get_ydata().tolist() == [0.1, 0.3, 0.2] and "0 = paths" in ax.get_xlabel()


def test_each_model_has_a_mark_in_each_group():
    rows = [["early", "a", 0.2, 0.1, 0.3], ["early", "b", 0.1, 0.1, 0.2], ["late", "a", 0.4, 0.3, 0.6]]
    rows = pd.DataFrame([*rows, ["late", "b", 0.3, 0.2, 0.4]], columns=["group", "model", "mean", "low", "high"])
    ax = clocks.by_group(rows)
    marks = [c.lines[0].get_ydata().tolist() for c in ax.containers]
    assert marks == [[0.2, 0.4], [0.1, 0.3]]
    reach = ax.containers[0].lines[2][0].get_segments()
    assert [[y for _, y in line] for line in reach] == [pytest.approx([0.1, 0.3]), pytest.approx([0.3, 0.6])]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["early", "late"]
    plt.close("all")
