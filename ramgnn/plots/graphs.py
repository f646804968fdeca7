"""Small graphs as the paper's Figure 1 draws them: an edge for each value that two nodes share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ramgnn.graph import MultiRelationalGraph
from ramgnn.plots.looks import INK, plain_legend, type_styles
from ramgnn.visible import visible

APART = 14  # points between the middles of parallel edges


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
    positions = np.array([places[i] for i in drawn.nodes], float).reshape(-1, 2)
    span = np.maximum(np.ptp(positions, axis=0), 1e-9) if len(positions) else np.ones(2)
    margin = np.array([0.14, 0.10]) * span
    low, high = (positions.min(0) - margin, positions.max(0) + margin) if len(positions) else (np.zeros(2), np.ones(2))
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    ax.set_axis_off()
    handles = [Line2D([], [], color=s["color"], linestyle=s["linestyle"], linewidth=2) for s in styles.values()]
    columns = len(handles) if len(handles) < 5 else 3
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0)}
    plain_legend(ax, handles, list(styles), ncols=columns, handlelength=3.2, **below)
    for i in drawn.nodes:
        ax.text(*places[i], _two_lines(visible(graph.label(i))), ha="center", va="center", fontsize=9.5,
                zorder=5, parse_math=False,
                bbox={"boxstyle": "round,pad=0.35", "facecolor": "#dce6ee", "edgecolor": INK, "linewidth": 0.8},
                color="#1b1b1b")  # fmt: skip
    ax.figure.draw_without_rendering()  # settles where the axes are, so that widths of texts can be measured
    occupied = [ax.transData.transform(places[i]) for i in drawn.nodes]
    between: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for i, j, edge in drawn.edges(data=True):
        if edge["type"] in styles:
            between.setdefault((i, j), []).append((edge["type"], edge["value"]))
    for (i, j), edges in between.items():
        for n, (t, value) in enumerate(sorted(edges, key=lambda e: shown.index(e[0]))):
            offset = n - (len(edges) - 1) / 2
            _edge(ax, places[i], places[j], offset, styles[t], value if t in written else "", occupied)
    return ax


def _edge(
    ax: Axes, a: tuple[float, float], b: tuple[float, float], offset: float, look: dict, value: str, occupied: list
) -> None:
    """One bent edge with its value on it; `occupied` holds the places that later values keep away from, in pixels."""
    point = ax.figure.dpi / 72
    a, b = ax.transData.transform([a, b])
    across = np.array([a[1] - b[1], b[0] - a[0]]) / max(np.hypot(*(b - a)), 1e-9)
    t = np.linspace(0, 1, 201)[:, None]
    bend = (a + b) / 2 + 2 * APART * point * offset * across
    line = (1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b
    if value:
        text = ax.text(0, 0, visible(value), fontsize=8.5, color=look["color"], ha="center", va="center", zorder=4,
                       parse_math=False)  # fmt: skip
        half = text.get_window_extent().width / 2
        steps = np.hypot(*np.diff(line, axis=0).T).mean()
        along = np.linspace(-half, half, 7) / steps  # places of the word, as places on the line
        candidates = range(60, 141, 5)
        words = [line[np.clip(n + along, 0, 200).round().astype(int)] for n in candidates]
        clearance = [min([np.hypot(*(w - spot).T).min() for spot in occupied], default=0) for w in words]
        # as far from others as is useful, and no farther from the middle than needed
        gain = [min(f, 22 * point) - 0.12 * point * abs(n - 100) for f, n in zip(clearance, candidates, strict=True)]
        best = int(np.argmax(gain))
        middle = candidates[best]
        slope = line[middle + 1] - line[middle - 1]
        angle = (np.degrees(np.arctan2(slope[1], slope[0])) + 90) % 180 - 90
        place = ax.transData.inverted().transform(line[middle])
        text.set(position=place, rotation=angle, rotation_mode="anchor")
        occupied += list(words[best])
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
