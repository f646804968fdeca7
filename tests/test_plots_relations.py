"""Figures of what nodes share: every edge is there, no name is a formula."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest

from ramgnn import datasets
from ramgnn.graph import MultiRelationalGraph
from ramgnn.plots import graphs, relations

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402


@pytest.fixture(scope="module")
def graph() -> MultiRelationalGraph:
    return MultiRelationalGraph.from_dataset(datasets.load("toy"), "item")


def test_switchboard_has_the_edges_that_are_on(graph):
    for on in (graph.types, ["genre"], []):
        ax = relations.switchboard(plt.subplots()[1], graph, graphs.FIGURE1_PLACES, on)
        edges = sum(graph.n_edges(t) for t in on)
        assert len(ax.patches) == edges // 2 and ax.texts[-1].get_text() == f"{edges} edges"
        assert len(ax.texts) == graph.n_nodes + 1


def test_a_message_of_no_weight_is_dashed():
    ax = relations.message("a", [("$b$", "t", "_v"), ("c", "u", "w")], [1, 0])
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--"]
    ax.figure.canvas.draw()
    assert {"$b$", "t: _v"} <= {text.get_text() for text in ax.texts}


def test_degrees_are_shares_of_nodes(graph):
    ax = relations.degrees(graph)
    assert len(ax.lines) == graph.n_types
    for t, line in zip(graph.types, ax.lines, strict=True):
        degree = graph.degrees(t).numpy()
        x, y = (np.asarray(own, float) for own in line.get_data())
        assert y[-1] == 1 and y[x <= 1].max() == pytest.approx((degree <= 1).mean())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(graph.types)


def test_shares_and_ratios_have_a_row_for_each_type():
    table = pd.DataFrame([[1.0, 0.2], [0.1, 1.0], [0.5, np.nan]], ["$a$", "b", "any"], ["$a$", "b"])
    ax = relations.shares(table, label="also")
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["$a$", "b", "any"]
    assert sorted(text.get_text() for text in ax.texts) == ["0.10", "0.20", "0.50", "1.00", "1.00"]
    own = pd.DataFrame({"mean": [2.0, 1.0], "low": [1.5, 0.9], "high": [2.5, 1.1]}, ["$a$", "b"])
    ax = relations.ratios({"one": own, "two": own})
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["b", "$a$"]
