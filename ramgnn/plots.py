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
from matplotlib.patches import FancyArrowPatch

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


def use_style() -> None:
    """Make the style the one of this session; chapters call it once."""
    mpl.rcParams.update(RC)


@contextmanager
def style():
    """The style for the figures made inside a ``with``."""
    with mpl.rc_context(RC):
        yield


def type_styles(types: Sequence[str]) -> dict[str, dict]:
    """Colour, line style and marker of each relation type, in order."""
    return {
        t: {"color": COLOURS[n % len(COLOURS)], "linestyle": DASHES[n % len(DASHES)], "marker": MARKERS[n % len(MARKERS)]}
        for n, t in enumerate(types)
    }


def draw_graph(
    graph: MultiRelationalGraph,
    nodes: Sequence[int] | None = None,
    types: Sequence[str] | None = None,
    places: Mapping[int, tuple[float, float]] | None = None,
    ax: Axes | None = None,
    values: bool = True,
    seed: int = 0,
) -> Axes:
    """The graph as in the paper's Figure 1: an edge for each shared value, its type by colour and line style.

    Args:
        graph: the graph, small enough to draw.
        nodes: which nodes; None for all.
        types: which relation types; None for all.
        places: position of each node; laid out by force when not given.
        values: write the value on each edge.
        seed: of the layout.
    """
    drawn = graph.to_networkx(nodes)
    shown = list(types or graph.types)
    styles = {t: type_styles(graph.types)[t] for t in shown}
    places = places or nx.spring_layout(nx.Graph(drawn), seed=seed, k=1.6)
    ax = ax or plt.subplots(figsize=(8, 5.2))[1]
    between: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for i, j, edge in drawn.edges(data=True):
        if edge["type"] in styles:
            between.setdefault((i, j), []).append((edge["type"], edge["value"]))
    for (i, j), edges in between.items():
        for n, (t, value) in enumerate(edges):
            bend = 0.16 * (n - (len(edges) - 1) / 2)
            _edge(ax, places[i], places[j], bend, styles[t], value if values else "")
    for i in drawn.nodes:
        ax.text(*places[i], _two_lines(graph.label(i)), ha="center", va="center", fontsize=9, zorder=5,
                bbox={"boxstyle": "round,pad=0.35", "facecolor": "#dce6ee", "edgecolor": INK, "linewidth": 0.8},
                color="#1b1b1b")  # fmt: skip
    handles = [Line2D([], [], color=s["color"], linestyle=s["linestyle"], linewidth=2, label=t) for t, s in styles.items()]
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 1.08), ncols=len(handles), handlelength=3)
    ax.margins(0.14)
    ax.set_axis_off()
    return ax


def _edge(ax: Axes, a: tuple[float, float], b: tuple[float, float], bend: float, look: dict, value: str) -> None:
    """One bent edge with its value on it."""
    ax.add_patch(
        FancyArrowPatch(a, b, connectionstyle=f"arc3,rad={bend}", arrowstyle="-", linewidth=1.7, color=look["color"],
                        linestyle=look["linestyle"], shrinkA=0, shrinkB=0, zorder=1)
    )  # fmt: skip
    if value:
        a, b = np.asarray(a), np.asarray(b)
        middle = (a + b) / 2 + bend / 2 * np.array([b[1] - a[1], a[0] - b[0]])
        ax.text(*middle, value, fontsize=7, color=look["color"], ha="center", va="center", zorder=3)


def _two_lines(label: str) -> str:
    """A title broken before its year."""
    head, bracket, year = label.rpartition(" (")
    return f"{head}\n{bracket.strip()}{year}" if head else label


def neighbour_counts(graph: MultiRelationalGraph, ax: Axes | None = None) -> Axes:
    """How many neighbours nodes have under each type: share of nodes with at least so many, on a logarithmic axis."""
    ax = ax or plt.subplots(figsize=(7.5, 3.8))[1]
    for (name, look), t in zip(type_styles(graph.types).items(), range(graph.n_types), strict=True):
        degree = np.sort(graph.degrees(t).cpu().numpy())
        share = 1 - np.arange(len(degree)) / len(degree)
        some = degree > 0
        ax.step(degree[some], share[some], where="post", color=look["color"], linestyle=look["linestyle"], label=name,
                linewidth=2)  # fmt: skip
    ax.set(xscale="log", xlabel="neighbours of a node, at least", ylabel="share of nodes", ylim=(0, 1.02))
    ax.grid(True, which="major")
    ax.legend()
    return ax


def group_sizes(graph: MultiRelationalGraph, ax: Axes | None = None) -> Axes:
    """Size of each value's group against its rank, both on logarithmic axes."""
    ax = ax or plt.subplots(figsize=(7.5, 3.8))[1]
    for (name, look), t in zip(type_styles(graph.types).items(), range(graph.n_types), strict=True):
        size = np.sort(graph.group_size[graph.value_type == t].cpu().numpy())[::-1]
        ax.plot(np.arange(1, len(size) + 1), size, color=look["color"], linestyle=look["linestyle"], label=name, linewidth=2)
    ax.set(xscale="log", yscale="log", xlabel="rank of the value", ylabel="nodes that have it")
    ax.grid(True, which="major")
    ax.legend()
    return ax


def thresholds(history: Sequence, types: Sequence[str], ax: Axes | None = None) -> Axes:
    """The thresholds k_t over epochs, as in the paper's Figure 5.

    Args:
        history: `ramgnn.pretrain.Epoch` entries.
        types: names of the relation types.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3.4))[1]
    for n, (name, look) in enumerate(type_styles(types).items()):
        ax.step([e.epoch for e in history], [e.k[n] for e in history], where="post", color=look["color"],
                linestyle=look["linestyle"], label=name, linewidth=2)  # fmt: skip
    ax.set(xlabel="epoch", ylabel="threshold $k_t$")
    ax.grid(True)
    ax.legend()
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
    ax.set(xlabel="epoch", ylabel="attention mass", ylim=(0, 1))
    ax.grid(True)
    ax.legend()
    return ax
