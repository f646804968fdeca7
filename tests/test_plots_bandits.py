"""Figure 5 and its likes: what is drawn of bandits and of coins."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest

from ramgnn.experiments.trajectories import Trajectory
from ramgnn.plots import bandits

matplotlib.use("agg")


def trajectory(relation: str, *runs: list[float]) -> Trajectory:
    k = np.array(runs, float)
    reward = np.full(k.shape, np.nan)
    reward[:, 1:3] = 1
    return Trajectory("m", "item", relation, k, k / 10, reward, np.full(len(k), 2.0))


def test_coins_are_shares_and_the_paper_is_dotted() -> None:
    ax = bandits.coin_ends([1, 3, 3, 5], [9, 13])
    assert [bar.get_height() for bar in ax.patches] == [0.25, 0.5, 0.25]
    assert [line.get_xdata()[0] for line in ax.lines] == [9, 13]
    assert not bandits.coin_ends([]).patches


def test_swings_are_means_in_bands() -> None:
    each = [trajectory("genre", [5, 5, 7, 9], [5, 5, 3, 1]), trajectory("$x$", [5, 5, 7, 5], [5, 5, 7, 5])]
    figure = bandits.swings({"one $a$": each, "two": each[:1]}, epochs=3)
    top, middle, low = (figure.axes[n] for n in (0, 2, 4))
    assert top.lines[0].get_ydata() == pytest.approx([5, 5, 5], abs=0.1)
    assert top.lines[1].get_ydata() == pytest.approx([5, 5, 7], abs=0.1)
    assert top.lines[0].get_ydata()[0] > top.lines[1].get_ydata()[0]
    assert middle.lines[0].get_ydata() == pytest.approx([0.5] * 3)
    assert low.lines[0].get_ydata() == pytest.approx([0, 1, 2])
    figure.canvas.draw()
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["genre", "$x$"]
    assert top.get_title() == "one $a$" and not top.title.get_parse_math()


def test_ends_are_as_large_as_their_share() -> None:
    rows = [("a", "coin", 1)] * 3 + [("a", "coin", 5)] + [("$b$", "ours", 64)]
    ax = bandits.ends(pd.DataFrame(rows, columns=["row", "group", "end"]))
    (dots,) = ax.collections
    assert dots.get_offsets().tolist() == [[1, 0], [5, 0], [64, 1]]
    assert np.argsort(dots.get_sizes()).tolist() == [1, 0, 2]
    ax.figure.canvas.draw()
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "$b$"]
