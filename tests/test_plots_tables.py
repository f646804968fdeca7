"""What tables hold, and how a recommender treats readers and authors: what is drawn."""

from __future__ import annotations

import matplotlib
import pandas as pd
import pytest

from ramgnn.plots import tables

matplotlib.use("agg")

NAMES = ["a", "$b$"]


def rows(ax) -> list[str]:
    ax.figure.canvas.draw()
    return [t.get_text() for t in ax.get_yticklabels()]


def test_held_counts_what_is_shared_alone_and_missing() -> None:
    found = tables.held({"a": ["x", "x ", "y", "", "unknown"], "$b$": ["0", "0", "1", "2", "3"]})
    assert found.loc["a"].tolist() == pytest.approx([0.4, 0.2, 0.2, 0.2])
    assert found.loc["$b$"].tolist() == pytest.approx([0, 0.6, 0.4, 0])
    ax = tables.held_bars(found)
    assert rows(ax) == NAMES
    assert [bar.get_width() for bar in ax.containers[0]] == pytest.approx([40, 0])
    assert sum(bar.get_width() for each in ax.containers for bar in each) == pytest.approx(200)


def test_largest_groups_have_two_shares() -> None:
    table = pd.DataFrame({"largest": ["x", "$y$"], "of the nodes": [0.1, 0.2], "of the edges": [0.5, 0.1]}, NAMES)
    ax = tables.largest_groups(table)
    assert rows(ax) == ["a: x", "$b$: $y$"]
    assert [line.get_xdata().tolist() for line in ax.lines] == [pytest.approx([10, 20]), pytest.approx([50, 10])]


def test_ratios_begin_at_one() -> None:
    ax = tables.ratios({"a": 1.5, "$b$": 0.9})
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.5, -0.1])
    assert rows(ax) == NAMES and [t.get_text() for t in ax.texts] == ["1.50", "0.90"]


def test_seeds_are_dots_with_their_mean() -> None:
    frame = pd.DataFrame({"model": ["a", "a", "$b$"], "hit": [0.1, 0.3, 0.4]})
    ax = tables.seeds(frame, "hit", "model", "HR@10", {"any $x$": 0.2})
    assert ax.collections[-1].get_offsets().tolist() == [[0.1, 0], [0.3, 0], [0.4, 1]]
    assert ax.lines[0].get_xdata() == pytest.approx([0.2, 0.4]) and ax.lines[1].get_xdata()[0] == 0.2
    assert rows(ax) == NAMES and [t.get_text() for t in ax.get_legend().get_texts()] == ["any $x$"]
    assert tables.seeds(frame, "hit", "model", "HR@10").get_legend() is None


def test_served_has_a_line_a_model_and_chance() -> None:
    ax = tables.served(pd.DataFrame({"a": [0.1, 0.4], "$b$": [0.2, 0.3]}, index=[0, 2]), 0.25)
    ax.figure.canvas.draw()
    assert [line.get_ydata()[-1] for line in ax.lines] == [0.4, 0.3, 0.25]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [*NAMES, "chance"]


def test_concentration_is_in_per_cent() -> None:
    ax = tables.concentration(dict(zip(NAMES, (0.7, 0.2), strict=True)), 0.18)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([70, 20])
    assert ax.lines[-1].get_xdata()[0] == pytest.approx(18) and rows(ax) == NAMES


def test_shares_outside_their_interval_look_different() -> None:
    ax = tables.shares(NAMES, [0.03, 0.02], [(0.02, 0.04), (0.015, 0.025)], [0.03, 0.03])
    bars = [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2]
    assert rows(ax) == NAMES and bars[0].get_color() != bars[1].get_color()
