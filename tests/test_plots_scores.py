"""Figures of scores and interactions: the numbers in them are those that they are given."""

from __future__ import annotations

import matplotlib
import networkx as nx
import numpy as np
import pandas as pd
import pytest

from ramgnn import datasets
from ramgnn.plots import interactions, scores

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


PARTS = pd.DataFrame({"own": [1.0, 0.1, 0.0, 0.0], "film": [0.0, 0.5, -0.2, 0.05]}, index=["start", "$a_1$", "b", "c"])


def test_a_waterfall_ends_where_the_sum_ends():
    ax = scores.waterfall(PARTS)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["start", "$a_1$", "b", "c", "score"]
    whole = ax.patches[-1]
    assert whole.get_x() == 0 and whole.get_width() == pytest.approx(PARTS.to_numpy().sum())
    terms = ax.patches[:-1]
    for before, after in zip(terms, terms[1:], strict=False):
        assert after.get_x() == pytest.approx(before.get_x() + before.get_width())
    assert words(ax) == [" +1.00", " +0.60", " −0.20", " +0.05", " 1.45"]


def test_a_short_waterfall_keeps_the_sum():
    ax = scores.waterfall(PARTS, most=1, total="all")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["start", "$a_1$", "2 others", "all"]
    assert ax.patches[-1].get_width() == pytest.approx(1.45)


def test_left_out_pairs_parts_with_falls():
    ax = scores.left_out(pd.Series({"a": 1.0, "b": 3.0}), pd.Series({"a": 0.5, "b": 2.0}))
    parts, falls = ax.lines[0], ax.lines[1]
    assert parts.get_xdata().tolist() == [3, 1] and falls.get_xdata().tolist() == [2, 0.5]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["b", "a"]


def runs() -> pd.DataFrame:
    rows = [
        {"start": start, "seed": seed, "epoch": epoch, "x": base + seed + epoch}
        for start, base in (("pre-trained", 1), ("shuffled", 0))
        for seed in range(3)
        for epoch in (0, 2)
    ]
    return pd.DataFrame(rows)


def test_lines_are_means_over_seeds():
    ax = scores.by_start(runs(), "x", (0.5, "level"))
    assert [line.get_ydata().tolist() for line in ax.lines[:2]] == [[2, 4], [1, 3]]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["pre-trained", "shuffled", "level"]


def test_differences_are_paired_by_seed():
    ax = scores.differences(runs().query("epoch == 2"), "x", ["shuffled"])
    points = np.concatenate([c.get_offsets()[:, 1] for c in ax.collections if len(c.get_offsets())])
    assert (points == 1).sum() >= 3
    assert [t.get_text() for t in ax.get_xticklabels()] == ["less shuffled"]


def test_interval_by_student():
    mean, half = scores.mean_and_half([0.0, 2.0])
    assert mean == 1 and half == pytest.approx(12.7062, abs=1e-4)
    assert np.isnan(scores.mean_and_half([1.0])[1])


def test_scores_that_follow_popularity():
    viewers = np.arange(1, 20)
    assert scores.follows(plt.subplots()[1], viewers, 2 * np.sqrt(viewers)) == pytest.approx(1)


def test_descents_have_a_panel_for_each_loss():
    frame = pd.DataFrame({"watched": [0.0, 1.0], "others": [0.0, -1.0]})
    figure = scores.descents({"first": frame, "second": -frame})
    assert [ax.get_title() for ax in figure.axes] == ["first", "second"]
    assert figure.axes[1].lines[0].get_ydata().tolist() == [0, -1]


def test_a_step_shows_the_weights_of_its_edges():
    toy = datasets.load("toy")
    A = toy.matrix().toarray()
    people, films = list(toy.user_labels), [f"film {i}" for i in range(toy.n_items)]
    ax = plt.subplots()[1]
    interactions.one_step(ax, A, people, films, "Elif")
    elif_ = people.index("Elif")
    own = np.flatnonzero(A[elif_])
    weights = 1 / np.sqrt(A[elif_].sum() * A.sum(0)[own])
    assert [f"{w:.2f}" for w in weights] == [t for t in words(ax) if t[:2] == "0."]
    assert len(ax.lines) == int(A.sum()) and f"film {own[0]} ({int(A.sum(0)[own[0]])})" in words(ax)


def test_figure3_marks_what_is_known_and_what_comes_first():
    X = np.array([[1, 0, 0], [0, 1, 0]])
    found = np.array([[9.0, 2.0, 1.0], [1.0, 9.0, 2.0]])
    rings = {"item": nx.path_graph(3), "user": nx.path_graph(2)}
    start = {"item": np.ones((3, 2)) * [1, 2], "user": np.ones((2, 2)) * [1, 2]}
    names = {"item": ["a", "b", "$c$"], "user": ["u", "v"]}
    figure = interactions.figure3(rings, start, X, found, names)
    table = next(ax for ax in figure.axes if "scores" in ax.get_title())
    marks = {t.get_position(): t.get_text() for t in table.texts}
    assert marks[0.5, 0.5] == marks[1.5, 1.5] == "×" and marks[1.5, 0.5] == marks[2.5, 1.5] == "●"
    assert [t.get_text() for t in table.get_xticklabels()] == names["item"]
    figure.canvas.draw()
