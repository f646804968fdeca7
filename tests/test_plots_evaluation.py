"""How rankings are judged: the pictures show the numbers that are computed."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest

from ramgnn import datasets, plots
from ramgnn.evaluation import metrics
from ramgnn.plots import evaluation

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_timeline_has_every_film_once_for_each_viewer() -> None:
    toy = datasets.load("toy")
    ax = evaluation.timeline(toy.train, toy.test, toy.user_labels, ["$x_1$", "b\x1b", *toy.item_labels[2:]])
    ax.figure.canvas.draw()
    assert len(words(ax)) == len(toy.user_labels) + len(toy.train) + len(toy.test) + 2
    assert "$x_1$" in words(ax) and r"b\x1b" in words(ax)
    cut = ax.lines[-1].get_xdata()[0]
    behind = [t for t in ax.texts if t.get_position()[0] > cut and t.get_text() != "held out"]
    assert len(behind) == len(toy.test)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_metric_curves_are_the_metrics(k: int) -> None:
    ax = plt.subplots()[1]
    evaluation.metric_curves(ax, k, 12, ranks=[2.5])
    for line, name in zip(ax.lines, ("HR", "MRR", "NDCG"), strict=False):
        for rank, worth in zip(*line.get_data(), strict=True):
            assert worth == pytest.approx(metrics(np.array([rank]), [k])[f"{name}@{k}"])


def test_weights_write_every_pair() -> None:
    weight = np.array([[0.0, -0.25], [0.001, 0.0]])
    left, right = evaluation.weights(np.array([[5, 2], [2, 7]]), weight, ["$a_", "b\x1b"])
    left.figure.canvas.draw()
    assert [t.get_text() for t in left.get_yticklabels()] == ["$a_", r"b\x1b"]
    assert words(left) == ["2", "2"] and words(right) == ["−.25", "0"]


def test_hit_curves_are_shares_and_their_difference() -> None:
    rng = np.random.default_rng(0)
    ranks = {"_a": rng.integers(1, 50, 200), "$b": rng.integers(1, 200, 200)}
    top, below = evaluation.hit_curves(ranks, [10], most=300)
    top.figure.canvas.draw()
    shares = []
    for line, own in zip(top.lines, ranks.values(), strict=False):
        k, y = line.get_data()
        assert y == pytest.approx([(own <= x).mean() for x in k])
        shares.append(y)
    assert below.lines[0].get_ydata() == pytest.approx(shares[0] - shares[1])
    assert words(top.get_legend()) == ["_a", "$b"]


def test_flips_count_what_is_as_far() -> None:
    signs = np.random.default_rng(0).choice([-1, 1], (500, 40))
    means = signs.sum(1) / 40
    ax = evaluation.flips(means, 0.2)
    counted = sum(bar.get_height() for bar in ax.patches if bar.get_facecolor()[:3] == pytest.approx(
        matplotlib.colors.to_rgb(plots.COLOURS[1])))  # fmt: skip
    assert counted == (abs(means) >= 0.2 - 1e-12).sum()
    assert [line.get_xdata()[0] for line in ax.lines] == [-0.2, 0.2]
    evaluation.flips(pd.Series([0.0, 0.0]), 0.0)
