"""What nodes share: degrees of each relation type, shared values as a heat map, a message from edge to sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from ramgnn.graph import MultiRelationalGraph
from ramgnn.plots.looks import COLOURS, DASHES, INK, MARKERS, plain_legend, type_styles
from ramgnn.visible import visible

PALE, DARK = "#dce6ee", "#1b1b1b"  # a card and the words on it
SHADES = LinearSegmentedColormap.from_list("shades", [PALE, COLOURS[0]])
NONE = 0.5  # where a degree of 0 stands on a logarithmic axis


def switchboard(
    ax: Axes, graph: MultiRelationalGraph, places: Mapping[int, tuple[float, float]], types: Iterable[str]
) -> Axes:
    """A small graph with some of its relation types switched on: a line for each shared value, and their number.

    Args:
        ax: where to draw; graph: with few nodes.
        places: of every node; types: those that are on.
    """
    on, looks = set(types), type_styles(graph.types)
    edges = sorted((min(i, j), max(i, j), t) for i, j, t in _pairs(graph) if t in on)
    for (i, j), parallel in groupby(edges[::2], key=lambda e: e[:2]):
        reasons = [t for *_, t in parallel]
        for n, t in enumerate(reasons):
            bend = 0.16 * (n - (len(reasons) - 1) / 2)
            look = {"color": looks[t]["color"], "linestyle": looks[t]["linestyle"], "linewidth": 1.5}
            ax.add_patch(
                FancyArrowPatch(places[i], places[j], arrowstyle="-", connectionstyle=f"arc3,rad={bend}",
                                shrinkA=0, shrinkB=0, zorder=1, **look)
            )  # fmt: skip
    for i in range(graph.n_nodes):
        name = visible(graph.label(i)).rpartition(" (")[0] or visible(graph.label(i))
        ax.text(*places[i], name.replace(" ", "\n", 1), ha="center", va="center", fontsize=7.5, color=DARK, zorder=5,
                parse_math=False, linespacing=0.95,
                bbox={"boxstyle": "round,pad=0.25", "facecolor": PALE, "edgecolor": INK, "linewidth": 0.7})  # fmt: skip
    spots = np.array([places[i] for i in range(graph.n_nodes)])
    low, high = spots.min(0), spots.max(0)
    ax.set(xlim=(low[0] - 0.35, high[0] + 0.35), ylim=(low[1] - 0.5, high[1] + 0.3))
    ax.set_axis_off()
    ax.text(0.5, 0, f"{len(edges)} edges", transform=ax.transAxes, ha="center", va="bottom", fontsize=9.5)
    return ax


def _pairs(graph: MultiRelationalGraph) -> list[tuple[int, int, str]]:
    """Head, tail and type of every edge."""
    head, tail = graph.edges()
    types = graph.type[tail].tolist()
    return [(i, j, graph.types[t]) for i, j, t in zip(head.tolist(), graph.node[tail].tolist(), types, strict=True)]


def message(
    head: str,
    edges: Sequence[tuple[str, str, str]],
    weights: Sequence[float],
    ax: Axes | None = None,
) -> Axes:
    """From edges to the sum of their messages, read from left to right.

    Args:
        head: the node that listens.
        edges: ``(n,)`` tail, type and value of each edge.
        weights: ``(n,)`` from 0 to 1, drawn as width; 0 is an edge that is left out, dashed.
        ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(8, 0.75 * len(edges) + 0.6))[1]
    looks = type_styles(list(dict.fromkeys(t for _, t, _ in edges)))
    rows = np.arange(len(edges))[::-1].astype(float)
    middle = rows.mean()
    for n, ((tail, t, value), weight, y) in enumerate(zip(edges, weights, rows, strict=True), 1):
        colour = looks[t]["color"]
        _card(ax, 0, y, visible(tail))
        ax.annotate("", (3.35, y), (0.95, y), arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.5})
        ax.text(2.15, y + 0.08, visible(f"{t}: {value}"), ha="center", va="bottom", color=colour, fontsize=9,
                parse_math=False)  # fmt: skip
        ax.text(4.0, y, f"$\\varphi(e_{n}, e_{{n_{n}}})$", ha="center", va="center", color=colour, fontsize=11)
        style = {"linewidth": 1.0, "linestyle": (0, (3, 3))} if weight == 0 else {"linewidth": 1 + 5 * weight}
        ax.plot([4.65, 6.05], [y, middle + 0.1 * (y - middle)], color=colour, zorder=1, **style)
    ax.text(6.25, middle, "+", ha="center", va="center", fontsize=14, color=DARK, zorder=5,
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": PALE, "edgecolor": INK})  # fmt: skip
    ax.annotate("", (7.25, middle), (6.5, middle), arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 1.5})
    _card(ax, 8.0, middle, visible(head))
    for x, word in ((0, "tail $j$"), (2.15, "reason $(t, v)$"), (4.0, "message"), (5.5, "weight"), (8.0, "head $i$")):
        ax.text(x, len(edges) - 0.35, word, ha="center", va="bottom", fontsize=9.5)
    ax.set(xlim=(-1.0, 8.95), ylim=(-0.5, len(edges)))
    ax.set_axis_off()
    return ax


def _card(ax: Axes, x: float, y: float, text: str) -> None:
    ax.text(x, y, text, ha="center", va="center", fontsize=9.5, color=DARK, zorder=5, parse_math=False,
            bbox={"boxstyle": "round,pad=0.35", "facecolor": PALE, "edgecolor": INK, "linewidth": 0.8})  # fmt: skip


def degrees(graph: MultiRelationalGraph, ax: Axes | None = None) -> Axes:
    """The share of nodes with at most so many edges, a curve for each relation type; the axis begins at none.

    Args:
        graph: ``(n_nodes,)`` degrees of each type are counted; ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3.6))[1]
    looks, handles = type_styles(graph.types), []
    for t, look in looks.items():
        degree = np.maximum(graph.degrees(t).cpu().numpy(), NONE)
        style = {"color": look["color"], "linestyle": look["linestyle"], "linewidth": 2}
        sns.ecdfplot(x=degree, ax=ax, **style)
        handles.append(Line2D([], [], **style))
    most = max((int(graph.degrees(t).max()) for t in graph.types), default=1)
    powers = [10**n for n in range(len(str(most)))]
    ax.set(xscale="log", xlim=(NONE * 0.9, 1.3 * most), xlabel="edges of a node, at most", ylabel="share of nodes")
    ax.set_xticks([NONE, *powers], ["0", *(f"{p:,}" for p in powers)])
    ax.minorticks_off()
    ax.grid(True)
    plain_legend(ax, handles, list(looks), loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=len(handles),
                 handlelength=2.6, columnspacing=1.2)  # fmt: skip
    return ax


def shares(table: pd.DataFrame, ax: Axes | None = None, label: str = "") -> Axes:
    """A heat map of shares from 0 to 1, each written in its cell.

    Args:
        table: ``(rows, columns)`` of shares, NaN where there is none; ax: where to draw; label: of the columns.
    """
    ax = ax or plt.subplots(figsize=(7, 0.8 + 0.42 * len(table)))[1]
    sns.heatmap(table, ax=ax, cmap=SHADES, vmin=0, vmax=1, annot=True, fmt=".2f", cbar=False, linewidths=1,
                linecolor="none", annot_kws={"color": DARK, "fontsize": 10})  # fmt: skip
    ax.set_xticks(np.arange(len(table.columns)) + 0.5, [visible(str(c)) for c in table.columns], parse_math=False)
    ax.set_yticks(np.arange(len(table)) + 0.5, [visible(str(r)) for r in table.index], rotation=0, parse_math=False)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.tick_params(length=0)
    ax.set(xlabel=label, ylabel="")
    return ax


def ratios(tables: Mapping[str, pd.DataFrame], xlabel: str = "", ax: Axes | None = None) -> Axes:
    """Ratios with what they move by, a row for each type and a mark for each way of counting; a line where 1 is.

    Args:
        tables: by way of counting, ``(types, [mean, low, high])``; the first one orders the rows.
        xlabel: what is divided by what; ax: where to draw.
    """
    first = next(iter(tables.values())).sort_values("mean")
    ax = ax or plt.subplots(figsize=(7.5, 0.9 + 0.4 * len(first)))[1]
    handles = []
    for n, table in enumerate(tables.values()):
        own = table.loc[first.index]
        rows = np.arange(len(own)) + 0.2 * ((len(tables) - 1) / 2 - n)
        ax.hlines(rows, own["low"], own["high"], color=COLOURS[n], linewidth=2, linestyle=DASHES[0])
        look = {"color": COLOURS[n], "marker": MARKERS[n], "linestyle": "none", "markersize": 6}
        handles += ax.plot(own["mean"], rows, **look)
    ax.axvline(1, color=INK, linestyle=":")
    ax.set_yticks(range(len(first)), [visible(str(t)) for t in first.index], parse_math=False)
    ax.set(xlabel=xlabel, xlim=(0.8, None))
    ax.grid(axis="x")
    plain_legend(ax, handles, list(tables), loc="lower right")
    return ax
