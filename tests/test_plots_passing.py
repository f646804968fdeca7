"""Messages along edges: what the pictures show is what is computed."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest

from ramgnn import datasets, plots
from ramgnn.plots import passing

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

NAMES = ["$a_", "b\x1b", "c", "d"]
PATH = np.array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]])


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_graph_and_matrix_say_the_same() -> None:
    left, right = passing.graph_and_matrix(PATH, NAMES)
    left.figure.canvas.draw()
    assert len(left.collections[0].get_segments()) == 3
    assert [int(x) for x in words(right)] == PATH.ravel().tolist()
    assert words(left) == ["0  $a_", r"1  b\x1b", "2  c", "3  d"]


def test_a_message_has_its_cells_and_the_head_their_sum() -> None:
    vectors, messages = np.arange(6).reshape(3, 2), np.array([[1.0], [-2.5], [0.25]])
    ax = passing.edge_message_sum(
        "head", NAMES[:3], vectors, messages, reasons=["x", "$y", "z"], types=["actor", "genre", "actor"],
        weights=[0.5, 0.25, 0.25], digits=2,
    )  # fmt: skip
    ax.figure.canvas.draw()
    said = words(ax)
    for text in ("$a_", r"b\x1b", "head", "$y", "× 0.5", "−2.5", "0.25", "-0.06".replace("-", "−"), "Σ"):
        assert text in said
    assert len(ax.patches) >= 3 * 2 + 3 + 1  # a cell for each number
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["actor", "genre"]
    widths = [line.get_linewidth() for line in ax.lines]
    assert widths[0] > widths[1] == widths[2]


def test_without_messages_the_vectors_travel() -> None:
    said = words(passing.edge_message_sum("h", ["n"], [[3.0, 4.0]], result=[7.0, 8.0], how="mean"))
    assert said.count("3") == said.count("4") == 2 and {"7", "8", "mean"} <= set(said)


def test_numbers_are_short_and_have_a_minus() -> None:
    assert [passing._number(x, 2) for x in (1.0, -0.5, 0.333, -0.001, 10, 0)] == ["1", "−0.5", "0.33", "0", "10", "0"]


def test_shares_are_what_propagation_gives() -> None:
    X = datasets.load("toy").matrix().toarray()
    known = X.sum(1)[4]
    first = passing.shares(X, 1)[4]
    assert first[6:] == pytest.approx(X[4] / known) and first[:6] == pytest.approx(0)
    assert passing.shares(X, 2)[4].sum() == pytest.approx(1) and passing.shares(X, 2)[4, 6:] == pytest.approx(0)
    i = int(np.flatnonzero(X[4])[0])
    assert passing.shares(X, 1, "symmetric")[4, 6 + i] == pytest.approx((known * X[:, i].sum()) ** -0.5)


def test_one_step_marks_who_is_heard() -> None:
    X = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    ax = passing.one_step(X, ["$u", "v", "w"], ["i", "j", "k"], "$u")
    ax.figure.canvas.draw()
    assert words(ax) == ["$u", "v", "w", "i  0.5", "j  0.5", "k"]
    assert [line.get_linewidth() for line in ax.lines] == [2.2, 2.2, 0.7, 0.7]
    ax = passing.one_step(X, ["$u", "v", "w"], ["i", "j", "k"], "$u", steps=2)
    assert words(ax) == ["$u  0.75", "v  0.25", "w", "i", "j", "k"]
    assert [line.get_color() for line in ax.lines][2] == plots.COLOURS[1]


def test_after_layers_averages_and_keeps() -> None:
    mean = np.full((4, 4), 0.25)
    for own, expected in ((0.0, [2.5] * 4), (0.5, [1.75, 2.25, 2.75, 3.25])):
        ax = plt.subplots()[1]
        passing.after_layers(ax, {"all": mean, "none": np.eye(4)}, [1, 2, 3, 4], 1, own)
        at = np.vstack([c.get_offsets() for c in ax.collections])
        assert sorted(at[at[:, 0] < 0.5, 1]) == pytest.approx(expected)
        assert sorted(at[at[:, 0] > 0.5, 1]) == pytest.approx([1, 2, 3, 4])


def test_spread_has_a_line_for_each_type() -> None:
    table = pd.DataFrame({"director": [1, 0.5], "_$x": [1, 0.1]})
    ax = passing.spread(table)
    ax.figure.canvas.draw()
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1, 0.5], [1, 0.1]]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["director", "_$x"] and ax.get_yscale() == "log"
