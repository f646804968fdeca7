"""Figures: one style that reads on white and on black, one colour and one line style per relation type.

Ink is a mid grey on a transparent ground, so that a figure stored once suits a light and a dark page. The colours
keep at least 3 : 1 contrast with both, and differ in lightness or are told apart by line style and marker as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager

import matplotlib as mpl
import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ramgnn.graph import MultiRelationalGraph

INK = "#7b7b7b"
COLOURS = ("#1f83c4", "#d55e00", "#009e73", "#c06aa0", "#a67c00", "#7b7b7b")
DASHES = ("-", (0, (6, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P")

RC = {
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none", "savefig.transparent": True,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.titlecolor": INK, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False,
    "grid.color": INK, "grid.alpha": 0.3, "legend.frameon": False, "legend.labelcolor": INK,
    "axes.prop_cycle": mpl.cycler(color=COLOURS), "font.size": 11, "axes.titlesize": 11, "figure.dpi": 110,
    "savefig.dpi": 110, "figure.constrained_layout.use": True, "svg.hashsalt": "ramgnn",
}  # fmt: skip

APART = 14  # points between the middles of parallel edges


def use_style() -> None:
    """Make the style the one of this session; chapters call it once."""
    mpl.rcParams.update(RC)


@contextmanager
def style():
    """The style for the figures made inside a ``with``."""
    with mpl.rc_context(RC):
        yield


# types that come up again and again look the same in every figure
USUAL = {"genre": 0, "director": 1, "actor": 2, "cast": 2, "year": 3, "country": 4, "language": 5}


def type_styles(types: Sequence[str]) -> dict[str, dict]:
    """Colour, line style and marker of each relation type, in order.

    Genre, director and so on have looks of their own; other types take those that are left, and after the sixth the
    looks begin again.
    """
    slots: dict[str, int] = {}
    for t in types:
        if USUAL.get(t, -1) not in (-1, *slots.values()):
            slots[t] = USUAL[t]
    free = [n for n in range(len(COLOURS)) if n not in slots.values()]
    for n, t in enumerate(t for t in types if t not in slots):
        slots[t] = free[n] if n < len(free) else n
    return {
        t: {
            "color": COLOURS[slots[t] % len(COLOURS)],
            "linestyle": DASHES[slots[t] % len(DASHES)],
            "marker": MARKERS[slots[t] % len(MARKERS)],
        }
        for t in types
    }


def draw_graph(
    graph: MultiRelationalGraph,
    nodes: Sequence[int] | None = None,
    types: Sequence[str] | None = None,
    places: Mapping[int, tuple[float, float]] | None = None,
    ax: Axes | None = None,
    values: bool | Sequence[str] = True,
    seed: int = 0,
) -> Axes:
    """The graph as in the paper's Figure 1: an edge for each shared value, its type by colour and line style.

    Each edge is interrupted where its value is written, so nothing has to be painted over and the ground stays
    transparent. Resize the figure before drawing, not after.

    Args:
        graph: the graph, small enough to draw.
        nodes: which nodes; None for all.
        types: which relation types; None for all.
        places: position of each node; laid out by force when not given.
        values: write the values on the edges: all, none, or those of the named types.
        seed: of the layout.
    """
    drawn = graph.to_networkx(nodes)
    shown = [graph.types[graph.type_index(t)] for t in types or graph.types]
    written = shown if values is True else list(values or ())
    styles = {t: look for t, look in type_styles(graph.types).items() if t in shown}
    places = places or nx.spring_layout(nx.Graph(drawn), seed=seed, k=1.6)
    ax = ax or plt.subplots(figsize=(8, 5.2))[1]
    spots = np.array([places[i] for i in drawn.nodes], float).reshape(-1, 2)
    span = np.maximum(np.ptp(spots, axis=0), 1e-9) if len(spots) else np.ones(2)
    room = np.array([0.14, 0.10]) * span
    low, high = (spots.min(0) - room, spots.max(0) + room) if len(spots) else (np.zeros(2), np.ones(2))
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    ax.set_axis_off()
    handles = [
        Line2D([], [], color=s["color"], linestyle=s["linestyle"], linewidth=2, label=t) for t, s in styles.items()
    ]
    columns = len(handles) if len(handles) < 5 else 3
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=columns, handlelength=3.2)
    for i in drawn.nodes:
        ax.text(*places[i], _two_lines(graph.label(i)), ha="center", va="center", fontsize=9.5, zorder=5,
                bbox={"boxstyle": "round,pad=0.35", "facecolor": "#dce6ee", "edgecolor": INK, "linewidth": 0.8},
                color="#1b1b1b")  # fmt: skip
    ax.figure.draw_without_rendering()  # settles where the axes are, so that widths of texts can be measured
    taken = [ax.transData.transform(places[i]) for i in drawn.nodes]
    between: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for i, j, edge in drawn.edges(data=True):
        if edge["type"] in styles:
            between.setdefault((i, j), []).append((edge["type"], edge["value"]))
    for (i, j), edges in between.items():
        for n, (t, value) in enumerate(sorted(edges, key=lambda e: shown.index(e[0]))):
            beside = n - (len(edges) - 1) / 2
            _edge(ax, places[i], places[j], beside, styles[t], value if t in written else "", taken)
    return ax


def _edge(
    ax: Axes, a: tuple[float, float], b: tuple[float, float], beside: float, look: dict, value: str, taken: list
) -> None:
    """One bent edge with its value on it; `taken` holds the places that later values keep away from, in pixels."""
    point = ax.figure.dpi / 72
    a, b = ax.transData.transform([a, b])
    across = np.array([a[1] - b[1], b[0] - a[0]]) / max(np.hypot(*(b - a)), 1e-9)
    t = np.linspace(0, 1, 201)[:, None]
    bend = (a + b) / 2 + 2 * APART * point * beside * across
    line = (1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b
    if value:
        text = ax.text(0, 0, value, fontsize=8.5, color=look["color"], ha="center", va="center", zorder=4)
        half = text.get_window_extent().width / 2
        steps = np.hypot(*np.diff(line, axis=0).T).mean()
        along = np.linspace(-half, half, 7) / steps  # places of the word, as places on the line
        chosen = range(60, 141, 5)
        words = [line[np.clip(n + along, 0, 200).round().astype(int)] for n in chosen]
        apart = [min([np.hypot(*(w - spot).T).min() for spot in taken], default=0) for w in words]
        # as far from others as is useful, and no farther from the middle than needed
        gain = [min(f, 22 * point) - 0.12 * point * abs(n - 100) for f, n in zip(apart, chosen, strict=True)]
        best = int(np.argmax(gain))
        middle = chosen[best]
        slope = line[middle + 1] - line[middle - 1]
        angle = (np.degrees(np.arctan2(slope[1], slope[0])) + 90) % 180 - 90
        place = ax.transData.inverted().transform(line[middle])
        text.set(position=place, rotation=angle, rotation_mode="anchor")
        taken += list(words[best])
        line[np.hypot(*(line - line[middle]).T) < half + 3 * point] = np.nan
    ax.plot(*ax.transData.inverted().transform(line).T, color=look["color"], linestyle=look["linestyle"], linewidth=1.7,
            zorder=1, scalex=False, scaley=False)  # fmt: skip


def _two_lines(label: str) -> str:
    """A title broken before its year."""
    head, bracket, year = label.rpartition(" (")
    return f"{head}\n{bracket.strip()}{year}" if head else label


# Where the eight films stand in our redrawing: around a ring, so that no edge runs behind a third film; Cameron's films
# to the left, Hanks's to the right.
FIGURE1_PLACES = {
    3: (-1.36, -0.46), 0: (-1.24, 0.56), 7: (-0.36, 1.02), 2: (0.58, 0.96), 4: (1.26, 0.30), 5: (1.16, -0.56),
    6: (0.52, -1.06), 1: (-0.62, -1.00),
}  # fmt: skip


def figure1(values: bool | Sequence[str] = ("director", "actor", "year")) -> Axes:
    """The paper's Figure 1, redrawn from the data set ``toy``: eight films, all of their edges.

    Args:
        values: as for `draw_graph`; genres are left without words, since one genre alone makes fifteen edges.
    """
    from ramgnn.datasets import load

    graph = MultiRelationalGraph.from_dataset(load("toy"), "item")
    ax = plt.subplots(figsize=(8, 6.2))[1]
    return draw_graph(graph, places=FIGURE1_PLACES, ax=ax, values=values)


def neighbour_counts(graph: MultiRelationalGraph, ax: Axes | None = None) -> Axes:
    """The share of nodes with at least so many edges, a curve for each type, on a logarithmic axis."""
    ax = ax or plt.subplots(figsize=(7.5, 4.2))[1]
    for t, look in type_styles(graph.types).items():
        degree = np.sort(graph.degrees(t).cpu().numpy())
        at = np.unique(degree[degree > 0])
        share = 1 - np.searchsorted(degree, at) / len(degree)
        ax.step(np.append(at, at[-1:]), np.append(share, [0.0] * bool(len(at))), where="pre", color=look["color"],
                linestyle=look["linestyle"], label=t, linewidth=2)  # fmt: skip
    ax.set(xscale="log", xlabel="neighbours of a node, at least", ylabel="share of nodes", ylim=(0, 1.02))
    ax.grid(True, which="major")
    _legend_below(ax)
    return ax


def group_sizes(graph: MultiRelationalGraph, ax: Axes | None = None) -> Axes:
    """Size of each value's group against its rank, a curve for each type, both axes logarithmic."""
    ax = ax or plt.subplots(figsize=(7.5, 4.2))[1]
    for n, (t, look) in enumerate(type_styles(graph.types).items()):
        size = np.sort(graph.group_size[graph.value_type == n].cpu().numpy())[::-1]
        ax.plot(np.arange(1, len(size) + 1), size, color=look["color"], linestyle=look["linestyle"], label=t,
                linewidth=2)  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="rank of the value", ylabel="nodes that have it")
    ax.grid(True, which="major")
    _legend_below(ax)
    return ax


def _legend_below(ax: Axes) -> None:
    """The legend under the axes, where it hides nothing."""
    columns = 3 if len(ax.get_legend_handles_labels()[1]) > 4 else 4
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=columns, handlelength=3.2)


def thresholds(history: Sequence, types: Sequence[str], ax: Axes | None = None) -> Axes:
    """The thresholds k_t over epochs, as in the paper's Figure 5.

    Types with the same threshold would hide each other, so the lines are drawn a little above and below it.

    Args:
        history: `ramgnn.pretrain.Epoch` entries.
        types: names of the relation types.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3.4))[1]
    every = [k for e in history for k in e.k] or [0]
    apart = 0.03 * (max(every) - min(every) + 1)
    for n, (t, look) in enumerate(type_styles(types).items()):
        beside = apart * ((len(types) - 1) / 2 - n)
        ax.step([e.epoch for e in history], [e.k[n] + beside for e in history], where="mid", color=look["color"],
                linestyle=look["linestyle"], label=t, linewidth=2)  # fmt: skip
    ax.set(xlabel="epoch", ylabel="threshold $k_t$")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.grid(True)
    _legend_below(ax)
    return ax


def attention_mass(history: Sequence, types: Sequence[str], layer: int = -1, ax: Axes | None = None) -> Axes:
    """The share of attention that each relation type gets, over epochs.

    Args:
        history: `ramgnn.pretrain.Epoch` entries; types: names of the relation types; layer: which one.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3.4))[1]
    for n, (name, look) in enumerate(type_styles(types).items()):
        ax.plot([e.epoch for e in history], [e.mass[layer][n] for e in history], color=look["color"],
                linestyle=look["linestyle"], label=name, linewidth=2)  # fmt: skip
    ax.set(xlabel="epoch", ylabel="attention mass", ylim=(0, None))
    ax.grid(True)
    _legend_below(ax)
    return ax


def band(runs: np.ndarray, look: Mapping[str, object], label: str = "", ax: Axes | None = None) -> Axes:
    """The mean over runs as a line, and everything between the lowest and the highest run as a band.

    Args:
        runs: ``(n_runs, n_epochs)``; NaN where a run has no value, which leaves a gap where no run has one.
        look: colour and line style, as of `type_styles`; label: for a legend.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3.4))[1]
    runs = np.asarray(runs, float)
    epochs = np.arange(1, runs.shape[1] + 1)
    there = np.isfinite(runs).any(0)
    low, mean, high = (np.full(runs.shape[1], np.nan) for _ in range(3))
    for line, of in ((low, np.nanmin), (mean, np.nanmean), (high, np.nanmax)):
        line[there] = of(runs[:, there], axis=0)
    ax.fill_between(epochs, low, high, color=look["color"], alpha=0.25, linewidth=0)
    ax.plot(epochs, mean, color=look["color"], linestyle=look["linestyle"], linewidth=2, label=label)
    return ax


def forest(
    labels: Sequence[str],
    means: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    printed: Sequence[float | None] | None = None,
    groups: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Means with their intervals, one row each from the top, and beside them what a paper prints.

    Args:
        labels: ``(n,)`` of the rows.
        means: ``(n,)``; intervals: ``(n, 2)`` low and high.
        printed: ``(n,)`` the paper's numbers, hollow diamonds; None where it has none.
        groups: ``(n,)`` from 0: colour and marker of each row.
        ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(7.5, 0.6 + 0.32 * len(labels)))[1]
    rows = range(len(labels))
    for row, mean, (low, high) in zip(rows, means, intervals, strict=True):
        group = groups[row] if groups is not None else 0
        ax.plot([low, high], [row, row], color=COLOURS[group], linewidth=2, solid_capstyle="butt")
        ax.plot(mean, row, marker=MARKERS[group], color=COLOURS[group], linestyle="none", markersize=6)
    known = [(x, row) for row, x in enumerate(printed or ()) if x is not None]
    if known:
        x, y = zip(*known, strict=True)
        ax.plot(x, y, marker="D", markersize=7, markerfacecolor="none", color=INK, linestyle="none", label="paper's")
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set_yticks(list(rows), labels)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.grid(axis="x")
    return ax
