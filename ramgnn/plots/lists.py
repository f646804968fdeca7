"""Lists of recommendations, side by side, and what becomes of a score when one item of a list is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from ramgnn.fitted import FittedModel
from ramgnn.plots.looks import COLOURS, INK
from ramgnn.visible import visible


def beside(
    first: FittedModel, second: FittedModel, user: Any, names: tuple[str, str], n: int = 10, ax: Axes | None = None
) -> Axes:
    """The `n` best items of two models for one user as `side_by_side` draws them, with places by the first model.

    Args:
        first, second: trained on the same data; user: an id or a label.
        names: of the models, as a reader sees them.
        n: how many items; ax: where to draw.
    """
    ranked, own = (model.recommend(user, n=model.dataset.n_items) for model in (first, second))
    column = "title" if "title" in ranked else "item"
    order, best = ([str(x) for x in frame[column]] for frame in (ranked, own[:n]))
    place = {title: row for row, title in enumerate(order, 1)}
    return side_by_side(order[:n], best, names, [place[title] for title in best], ax=ax)


def side_by_side(
    left: Sequence[str],
    right: Sequence[str],
    names: tuple[str, str],
    places: Sequence[int] | None = None,
    width: int = 34,
    ax: Axes | None = None,
) -> Axes:
    """Two ranked lists, the best on top; what stands in both is joined by a line and has its colour.

    Args:
        left: ``(n,)`` titles; right: ``(m,)`` titles.
        names: what is written above each list.
        places: ``(m,)`` where the titles of the right list stand in the whole ranking that the left one begins; written
            behind them.
        width: how many letters of a title are shown.
        ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(7.5, 0.8 + 0.29 * max(len(left), len(right))))[1]
    both = set(left) & set(right)
    for x, titles, align in ((0.42, left, "right"), (0.58, right, "left")):
        for row, title in enumerate(titles):
            text = f"{row + 1}  {short(title, width)}" if align == "left" else f"{short(title, width)}  {row + 1}"
            if align == "left" and places is not None:
                text += f"   no. {places[row]:,}"
            look = {"color": COLOURS[0], "weight": "bold"} if title in both else {}
            ax.text(x, row, text, ha=align, va="center", fontsize=9.5, parse_math=False, **look)
    for title in both:
        rows = [left.index(title), right.index(title)]
        ax.plot([0.43, 0.57], rows, color=COLOURS[0], linewidth=2, marker="o", markersize=4)
    for x, name, align in ((0.42, names[0], "right"), (0.58, names[1], "left")):
        ax.text(x, -1.15, visible(name), ha=align, va="center", fontsize=10.5, weight="bold", parse_math=False)
    ax.set(xlim=(0, 1), ylim=(max(len(left), len(right)) - 0.4, -1.7))
    ax.axis("off")
    return ax


def left_out(
    titles: Sequence[str],
    falls: Sequence[float],
    marked: Sequence[bool],
    mark: str,
    notes: Sequence[str] | None = None,
    width: int = 40,
    ax: Axes | None = None,
) -> Axes:
    """By how much a score falls when one item of a list is left out: a bar each, the largest fall on top.

    Args:
        titles: ``(n,)`` of the items left out; falls: ``(n,)`` of the score, negative where it rises.
        marked: ``(n,)`` which bars have a colour of their own; mark: what these have in common, for the legend.
        notes: ``(n,)`` words behind each bar.
        width: how many letters of a title are shown.
        ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(7.5, 0.9 + 0.27 * len(titles)))[1]
    order = sorted(range(len(titles)), key=lambda n: -falls[n])
    shown: dict[bool, object] = {}
    for row, n in enumerate(order):
        own = bool(marked[n])
        look = {"color": COLOURS[0], "hatch": "//", "edgecolor": INK} if own else {"color": INK}
        shown[own] = ax.barh(row, falls[n], height=0.65, linewidth=0, **look)
        if notes is not None and notes[n]:
            place = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "fontsize": 9}
            ax.annotate(visible(notes[n]), (max(falls[n], 0), row), parse_math=False, **place)
    ax.axvline(0, color=INK, linewidth=1)
    ax.set_yticks(range(len(order)), [short(titles[n], width) for n in order], fontsize=9.5, parse_math=False)
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.set_xlabel("how far the score falls without it")
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    if True in shown:
        known = [(shown[own], text) for own, text in ((True, mark), (False, "the others")) if own in shown]
        ax.legend(*zip(*known, strict=True), loc="lower right")
    return ax


def short(title: str, width: int) -> str:
    """A title in at most so many letters: a series' name before a colon is left out first, then the end is cut."""
    text = visible(title)
    if len(text) > width and ": " in text:
        text = text.split(": ", 1)[1]
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
