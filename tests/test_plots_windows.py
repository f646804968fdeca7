"""Figures of the sampler: what is filled, and where lines and marks are."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
import torch

from ramgnn import datasets
from ramgnn.graph import MultiRelationalGraph
from ramgnn.plots import windows
from ramgnn.sampler import top_k

matplotlib.use("agg")

SCORES = [0.2, 0.4, 0.5, 0.75, 0.9]
GROUPS = {"comedy": [1, 3, 4], "drama": [0, 1, 2, 4]}


@pytest.fixture(scope="module")
def graph() -> MultiRelationalGraph:
    return MultiRelationalGraph.from_dataset(datasets.load("toy"), "item")


def filled(ax) -> list[tuple[float, float]]:
    dots = [line for line in ax.lines if line.get_marker() == "o" and line.get_fillstyle() == "full"]
    return sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in dots)


@pytest.mark.parametrize(
    ("k", "kept"),
    [(1, [(0.75, 0)]), (2, [(0.5, -1), (0.75, 0)]), (4, [(0.4, -1), (0.4, 0), (0.5, -1), (0.75, 0)])],
)
def test_filled_are_the_k_nearest_of_all_rows(k, kept) -> None:
    assert filled(windows.number_line(SCORES, GROUPS, head=4, k=k)) == kept


def test_a_window_reaches_to_the_farthest_of_its_row() -> None:
    ax = windows.number_line(SCORES, GROUPS, head=4, k=2, names=list("ABCD$"))
    bars = [line.get_xdata() for line in ax.lines if line.get_alpha() == 0.3]
    assert [tuple(x) for x in bars] == [(0.4, 0.9), (0.4, 0.9)]
    assert [text.get_text() for text in ax.texts].count("$") == 2


def test_a_film_without_a_row_has_no_window() -> None:
    ax = windows.number_line(SCORES, GROUPS, head=0, k=2)
    assert sum(line.get_alpha() == 0.3 for line in ax.lines) == 1


def test_coloured_are_those_that_are_kept(graph: MultiRelationalGraph) -> None:
    scores = torch.linspace(0.1, 0.9, graph.n_nodes)
    kept = top_k(graph, scores, [1] * graph.n_types)
    ax = windows.kept_on_line(graph, scores, kept, node=0)
    every, near = (len(c.get_offsets()) for c in ax.collections)
    assert near == len(kept.of(0)) and every + near == sum(int(graph.degrees(t)[0]) for t in graph.types)


def history(seed: int) -> list:
    told = [None, 1, -1, -1]
    return [
        SimpleNamespace(epoch=n + 1, k=[5, 5 + 2 * n], distance=[0.1 + seed / 10, 0.2], reward=[told[n], (-1) ** seed])
        for n in range(4)
    ]


def test_paths_have_a_column_for_each_way_and_signs_where_seeds_agree() -> None:
    figure = windows.paths({"a": [history(0), history(1)], "b": [history(0), history(0)]}, ["x", "$y_$"])
    figure.canvas.draw()
    first, second = figure.axes[2], figure.axes[3]
    assert [t.get_text() for t in first.texts] == ["+", "−", "−"]  # of x; the seeds differ in y
    assert len(first.patches) == 3 + 4 and len(second.texts) == 3 + 4
    assert np.ptp(figure.axes[4].collections[0].get_paths()[0].vertices[:, 1]) == pytest.approx(0.1)


def test_ends_have_a_mark_for_each_seed() -> None:
    ax = windows.ends(np.array([[5, 7], [5, 9]]), ["x", "y"], start=5)
    marks = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "None"]
    assert marks == [5, 5, 7, 9]


def test_common_viewers_have_a_panel_for_each_order() -> None:
    curves = {"one": np.ones((3, 2, 4)), "two": np.full((1, 2, 4), 2.0)}
    figure = windows.common_viewers(curves, [1, 2, 5, 10], ["x", "y"])
    assert len(figure.axes) == 2 and figure.axes[0].get_ylim()[1] > 2
