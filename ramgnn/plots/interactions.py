"""Who had what: one step of propagation with its weights, and the paper's Figure 3 from embeddings to scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ramgnn.plots.looks import COLOURS, INK
from ramgnn.visible import visible

PAPER, DARK = "#dce6ee", "#1b1b1b"  # of a box, and of what is written on one
BOX = {"boxstyle": "round,pad=0.2", "facecolor": PAPER, "linewidth": 1.2}
TINT = sns.light_palette(COLOURS[0], as_cmap=True)


def _column(ax: Axes, x: float, names: Sequence[str], marked: set[int], colour: str, size: float) -> np.ndarray:
    """Names in boxes below each other, those that are marked with a thick edge; their heights ``(n,)``."""
    height = np.linspace(1, 0, len(names))
    for n, (y, name) in enumerate(zip(height, names, strict=True)):
        edge = {"edgecolor": colour, "linewidth": 2.2} if n in marked else {"edgecolor": INK, "linewidth": 0.6}
        ax.text(x, y, visible(name), ha="center", va="center", fontsize=size, color=DARK, parse_math=False, zorder=5,
                bbox={"boxstyle": "round,pad=0.3", "facecolor": PAPER, **edge})  # fmt: skip
    return height


def web(
    ax: Axes,
    interactions: ArrayLike,
    users: Sequence[str],
    items: Sequence[str],
    to: int | None = None,
    size: float = 8,
) -> Axes:
    """Users on the left, items on the right, a line for each interaction.

    Args:
        interactions: ``(n_users, n_items)``, not zero where a user had an item.
        users, items: ``(n_users,)`` and ``(n_items,)`` names.
        to: a user; the lines to this one are as thick as their weight 1/√(d_u d_i), which stands beside the item.
        size: of the letters.
    """
    X = np.asarray(interactions) != 0
    weight = 1 / np.sqrt(np.maximum(X.sum(1, keepdims=True), 1) * np.maximum(X.sum(0, keepdims=True), 1))
    own = set() if to is None else set(np.flatnonzero(X[to]).tolist())
    left = _column(ax, 0, users, set() if to is None else {to}, COLOURS[1], size)
    right = _column(ax, 1, items, own, COLOURS[0], size)
    for u, i in zip(*np.nonzero(X), strict=True):
        look = {"color": INK, "lw": 0.7, "alpha": 0.7}
        if u == to:
            look = {"color": COLOURS[1], "lw": 1 + 6 * weight[u, i], "alpha": 1}
            at = 0.6
            ax.text(at, left[u] + at * (right[i] - left[u]), f"{weight[u, i]:.2f}", color=DARK, fontsize=size,
                    ha="center", va="center", zorder=6, bbox={**BOX, "edgecolor": COLOURS[1]})  # fmt: skip
        ax.plot([0, 1], [left[u], right[i]], zorder=3 if u == to else 1, **look)
    ax.set(xlim=(-0.35, 1.45), ylim=(-0.09, 1.09))
    ax.set_axis_off()
    return ax


def one_step(ax: Axes, interactions: ArrayLike, users: Sequence[str], items: Sequence[str], viewer: str) -> None:
    """What reaches one viewer in one linear step, and with what weight; beside each item its number of users.

    Args:
        interactions: ``(n_users, n_items)``; users, items: names; viewer: one of the `users`.
    """
    count = (np.asarray(interactions) != 0).sum(0)
    web(ax, interactions, users, [f"{name} ({n})" for name, n in zip(items, count, strict=True)], users.index(viewer))


def figure3(
    graphs: Mapping[str, nx.Graph],
    start: Mapping[str, ArrayLike],
    interactions: ArrayLike,
    scores: ArrayLike,
    names: Mapping[str, Sequence[str]],
) -> Figure:
    """The paper's Figure 3: two attribute graphs, their start vectors, the interactions, the scores.

    Args:
        graphs: of each side, ``"item"`` and ``"user"``, a graph whose nodes are 0, 1, and so on.
        start: of each side x^(0), ``(n, d)``; scores: ``(n_users, n_items)``.
        interactions: ``(n_users, n_items)``, not zero where a user had an item.
        names: of the nodes of each side.
    """
    rows = [["item graph", "item", "web"], ["user graph", "user", "scores"]]
    ratios = {"width_ratios": [2.6, 1.2, 2.9], "height_ratios": [1.15, 1]}
    figure, axes = plt.subplot_mosaic(rows, figsize=(8, 6.2), gridspec_kw=ratios)
    letters = {"item": "i", "user": "u"}
    words = {"item": "film", "user": "viewer"}
    colours = {"item": COLOURS[0], "user": COLOURS[1]}
    for side, letter in letters.items():
        ax, ring = axes[f"{side} graph"], nx.Graph(graphs[side])
        places = {
            n: (np.sin(x), np.cos(x)) for n, x in zip(ring, np.linspace(0, 2 * np.pi, len(ring) + 1), strict=False)
        }
        nx.draw_networkx_edges(ring, places, ax=ax, edge_color=INK)
        for n, (x, y) in places.items():
            ax.text(x, y, visible(names[side][n]).replace(" ", "\n", 1), fontsize=6.5, color=DARK, ha="center",
                    va="center", parse_math=False, bbox={**BOX, "edgecolor": colours[side]})  # fmt: skip
        ax.margins(0.2, 0.12)
        ax.set_axis_off()
        ax.set_title(f"1  {words[side]} graph →", fontsize=10)
        _table(axes[side], np.asarray(start[side]), names[side], ["1", "2"], ".1f")
        axes[side].set_title(f"2  $x_{letter}^{{(0)}}$ →", fontsize=10)
    web(axes["web"], interactions, names["user"], names["item"], size=7)
    axes["web"].set_title("3  interactions, Eq. 19 and 21 ↓", fontsize=10)
    X, found = np.asarray(interactions) != 0, np.asarray(scores, float)
    _table(axes["scores"], found, names["user"], names["item"], None)
    axes["scores"].set_title("4  scores, Eq. 22", fontsize=10)
    best = np.where(X, -np.inf, found).argmax(1)
    for (u, i), known in np.ndenumerate(X):
        mark = "×" if known else "●" if best[u] == i else ""
        axes["scores"].text(i + 0.5, u + 0.5, mark, color=DARK, ha="center", va="center")
    figure.set_facecolor("none")  # networkx paints the ground white
    return figure


def _table(ax: Axes, values: np.ndarray, rows: Sequence[str], columns: Sequence[str], digits: str | None) -> None:
    """A shaded table, low values pale and high ones dark, with names at its rows and columns."""
    low, high = values.min(), values.max()
    written = {"annot": digits is not None, "fmt": digits or "", "annot_kws": {"color": DARK, "fontsize": 8}}
    sns.heatmap(values, ax=ax, cmap=TINT, vmin=low, vmax=high + 0.6 * (high - low), cbar=False, linewidths=0.5,
                linecolor=INK, **written)  # fmt: skip
    ax.set_yticks(np.arange(len(rows)) + 0.5, [visible(x) for x in rows], rotation=0, fontsize=7, parse_math=False)
    wide = any(len(x) > 2 for x in columns)
    look = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if wide else {}
    ax.set_xticks(np.arange(len(columns)) + 0.5, [visible(x) for x in columns], fontsize=7, parse_math=False, **look)
    ax.tick_params(length=0)
