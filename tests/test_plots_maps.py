"""Figures of pre-training: the sketch, the map, the losses and the draws that are won."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from ramgnn import datasets
from ramgnn.graph import MultiRelationalGraph
from ramgnn.plots import maps

matplotlib.use("agg")


@pytest.fixture(scope="module")
def graph() -> MultiRelationalGraph:
    return MultiRelationalGraph.from_dataset(datasets.load("toy"), "item")


def test_the_sketch_names_every_equation_and_no_box_hides_another() -> None:
    ax = maps.pretraining()
    ax.figure.draw_without_rendering()
    said = " ".join(text.get_text() for text in ax.texts)
    assert all(f"Eq. {n}" in said for n in ("3–5", "6–7", "8", "9", "11", "12–14", "15", "16"))
    boxes = [t.get_window_extent() for t in ax.texts if t.get_bbox_patch() is not None]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])


def test_components_are_those_of_the_largest_spread() -> None:
    angle = np.linspace(0, 1, 50)
    x = np.stack([np.cos(angle), np.sin(angle), np.zeros(50)], 1)
    places, share = maps.components(5 * x)  # length does not matter
    assert places.shape == (50, 2) and share == pytest.approx(1)
    assert maps.components(x)[0] == pytest.approx(places)
    assert places.mean(0) == pytest.approx([0, 0], abs=1e-12)


def test_a_map_colours_the_most_frequent_values(graph: MultiRelationalGraph) -> None:
    ax = maps.embedding_map(np.arange(16.0).reshape(8, 2), graph, "genre", shown=2)
    assert [t.get_text() for t in ax.get_legend().get_texts()][0] == "Drama"
    assert [len(line.get_xdata()) for line in ax.lines[:2]] == [8, 6]


def test_a_loss_that_ended_leaves_a_gap() -> None:
    ax = maps.losses({"$L$": np.array([[2.0, 1.0, 0.0], [3.0, 1.0, 0.0]])}, chance=0.69)
    line = ax.lines[0].get_ydata()
    assert line[:2] == pytest.approx([2.5, 1]) and np.isnan(line[2])
    ax.figure.canvas.draw()


def test_win_shares_are_means_with_their_range() -> None:
    ax = maps.win_shares({"count": np.array([[0.7, 0.8]]), "net": np.array([[0.5, 0.6], [0.7, 0.6]])}, ["a", "$b_$"])
    ax.figure.canvas.draw()
    x = np.concatenate([line.get_xdata() for line in ax.lines]).astype(float)
    assert {0.7, 0.8, 0.6, 0.5} <= set(np.round(x, 6))
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["count", "net"]
