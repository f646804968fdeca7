"""Lists side by side, and scores with one item left out."""

from __future__ import annotations

import matplotlib
import pytest

import ramgnn
from ramgnn import plots
from ramgnn.plots import lists

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_what_is_in_both_lists_is_joined():
    ax = lists.side_by_side(["a", "b", "c"], ["c", "x", "a"], ("left", "right"), places=[3, 1200, 1])
    assert sorted(tuple(line.get_ydata()) for line in ax.lines) == [(0, 2), (2, 0)]  # a and c, from row to row
    assert {"a  1", "1  c   no. 3", "2  x   no. 1,200", "left", "right"} <= set(words(ax))
    bold = {text.get_text() for text in ax.texts if text.get_color() == plots.COLOURS[0]}
    assert bold == {"a  1", "c  3", "1  c   no. 3", "3  a   no. 1"}


def test_lists_without_anything_in_both_have_no_line():
    assert not lists.side_by_side(["a"], ["b"], ("left", "right")).lines


def test_two_models_are_drawn_for_one_user():
    data = ramgnn.load("toy")
    popular, other = ramgnn.fit(data, "popularity"), ramgnn.fit(data, "ease")
    ax = lists.beside(popular, other, data.user_ids[0], ("most popular", "EASE"), n=3)
    own = popular.recommend(data.user_ids[0], n=3)
    shown = own["title" if "title" in own else "item"].tolist()
    assert [lists.short(title, 34) in " ".join(words(ax)) for title in shown] == [True] * len(shown)
    assert all("no. " in text for text in words(ax)[len(shown) : 2 * len(shown)])


def test_the_largest_fall_is_on_top_and_marks_have_their_colour():
    ax = lists.left_out(["a", "b", "c"], [0.1, 0.5, -0.2], [False, True, False], "same director", ["", "two", ""])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a", "c"]
    assert [bar.get_width() for bar in ax.patches] == [0.5, 0.1, -0.2]
    assert words(ax) == ["two"] and ax.yaxis_inverted()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["same director", "the others"]


def test_without_a_mark_there_is_no_legend():
    assert lists.left_out(["a"], [0.1], [False], "same director").get_legend() is None


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Heat (1995)", "Heat (1995)"),
        ("The Lord of the Rings: The Return of the King (2003)", "The Return of the King (2003)"),
        ("A film whose name goes on and on and on and on", "A film whose name goes on and on…"),
        ("One: A film whose name goes on and on and on", "A film whose name goes on and on…"),
    ],
)
def test_titles_are_cut_where_they_are_too_long(title, shown):
    assert lists.short(title, 34) == shown


def test_signs_of_a_formula_stay_as_they_are():
    ax = lists.side_by_side(["$x$ & $y_$"], ["_b$"], ("$", "_"))
    plt.gcf().canvas.draw()
    assert "$x$ & $y_$  1" in words(ax)
