"""Embeddings as a map, and the losses that shaped them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ramgnn.graph import MultiRelationalGraph
from ramgnn.plots.curves import band
from ramgnn.plots.looks import COLOURS, DASHES, INK, MARKERS, plain_legend
from ramgnn.visible import visible

BOX = {"boxstyle": "round,pad=0.4", "facecolor": "#dce6ee", "edgecolor": INK, "linewidth": 0.8}
DARK = "#1b1b1b"  # words on boxes


def pretraining(ax: Axes | None = None) -> Axes:
    """The paper's Figure 2, redrawn with the number of each equation: one layer, the sampler, and the two losses."""
    ax = ax or plt.subplots(figsize=(8, 4.4))[1]
    ax.set(xlim=(0, 8), ylim=(0, 4.6))
    ax.set_axis_off()
    near = {"$i_1$": (0.35, 2.35, "$r_1$"), "$i_2$": (0.35, 1.35, "$r_1$"), "$i_3$": (0.35, 0.35, "$r_2$")}
    for name, (x, y, relation) in near.items():
        colour = COLOURS[0] if relation == "$r_1$" else COLOURS[1]
        ax.plot([x, 1.5], [y, 1.35], color=colour, linewidth=2, linestyle="-" if relation == "$r_1$" else DASHES[1])
        ax.text((x + 1.5) / 2, (y + 1.35) / 2 + 0.16, relation, color=colour, ha="center")
        ax.text(x, y, name, bbox=BOX, color=DARK, ha="center", va="center")
    ax.plot([1.5, 1.5], [1.35, 0.5], color=INK, linewidth=1, linestyle=DASHES[2])
    ax.text(1.5, 0.35, "dropped", style="italic", ha="center", va="center", bbox={**BOX, "alpha": 0.35})
    ax.text(1.5, 1.35, "$i_0$", bbox=BOX, color=DARK, ha="center", va="center", weight="bold")
    boxes = {
        "compose": (2.65, 1.35, "compose\n" + r"$\varphi(e_j, e_n)$" + "\nEq. 3–5"),
        "attend": (3.85, 1.35, "attend\n" + r"$\alpha_{jn}$" + "\nEq. 6–7"),
        "sum": (4.95, 1.35, "sum, then\n" + r"$W_{val}$" + "\nEq. 8"),
        "join": (6.1, 1.35, "join with $e_i$\n" + r"$\oplus$, $\sigma$" + "\nEq. 15"),
        "gnn": (7.45, 1.35, "$L_{GNN}$\nEq. 16"),
        "score": (2.65, 3.6, "score\n" + r"$\sigma(\mathrm{MLP}(e))$" + "\nEq. 9"),
        "nearest": (4.4, 3.6, "$k_t$ nearest\nbandit\nEq. 12–14"),
        "sim": (6.1, 3.6, "$L_{sim}$\nEq. 11"),
        "vectors": (0.75, 3.6, "film vectors\n$e^{(0)}$"),
    }
    for name, (x, y, words) in boxes.items():
        face = {"facecolor": "#f3dfd0"} if name in ("gnn", "sim") else {}
        ax.text(x, y, words, bbox={**BOX, **face}, color=DARK, ha="center", va="center", fontsize=9.5)
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0}
    for x, to in ((1.7, 2.26), (3.04, 3.48), (4.22, 4.53), (5.38, 5.66), (6.54, 7.15)):
        ax.annotate("", (to, 1.35), (x, 1.35), arrowprops=arrow)
    for x, to in ((1.3, 2.24), (3.06, 3.95)):
        ax.annotate("", (to, 3.6), (x, 3.6), arrowprops=arrow)
    ax.annotate("", (0.42, 2.6), (0.65, 3.25), arrowprops=arrow)
    ax.plot([2.65, 2.65, 6.1], [3.98, 4.3, 4.3], color=INK, linewidth=1.3)
    ax.annotate("", (6.1, 3.88), (6.1, 4.31), arrowprops=arrow)
    ax.annotate("", (1.3, 1.85), (4.0, 3.1), arrowprops={**arrow, "color": COLOURS[2]})
    ax.text(3.0, 2.4, "which neighbours are kept", color=COLOURS[2], ha="left")
    ax.annotate("", (2.65, 0.88), (6.1, 0.88),
                arrowprops={**arrow, "linestyle": "--", "connectionstyle": "bar,fraction=-0.1"})  # fmt: skip
    ax.text(4.4, 0.12, "the next layer begins with the new vectors", ha="center")
    return ax


def losses(runs: Mapping[str, np.ndarray], chance: float, ax: Axes | None = None) -> Axes:
    """Losses over epochs, means with a band from the lowest to the highest seed, and what knowing nothing costs.

    Args:
        runs: by name, ``(seeds, epochs)``; NaN or 0 where a loss has ended.
        chance: where the dotted line is.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3.2))[1]
    handles = []
    for n, found in enumerate(runs.values()):
        look = {"color": COLOURS[n], "linestyle": DASHES[n]}
        band(np.where(np.asarray(found) > 0, found, np.nan), look, ax=ax)
        handles.append(Line2D([], [], linewidth=2, **look))
    ax.axhline(chance, color=INK, linestyle=":")
    ax.set(xlabel="epoch", ylabel="loss")
    legend = ax.legend(handles, list(runs), loc="upper right")  # names of losses are formulas
    legend.set_frame_on(False)
    return ax


def components(x: np.ndarray) -> tuple[np.ndarray, float]:
    """The two directions along which vectors of unit length differ most: ``(n, d)`` to ``(n, 2)``.

    Returns:
        Places ``(n, 2)``, and the share of the variance that they show.
    """
    x = np.asarray(x, float)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    x = x - x.mean(0)
    _, size, directions = np.linalg.svd(x, full_matrices=False)
    return x @ directions[:2].T, float((size[:2] ** 2).sum() / (size**2).sum())


def embedding_map(
    places: np.ndarray, graph: MultiRelationalGraph, attribute: str, shown: int = 6, ax: Axes | None = None
) -> Axes:
    """All nodes as points, those of the most frequent values of one attribute in colour.

    Args:
        places: ``(n, 2)``, as of `components`; attribute: a relation type; shown: how many of its values.
    """
    ax = ax or plt.subplots(figsize=(5, 5))[1]
    ax.plot(*places.T, ".", color=INK, alpha=0.3, markersize=3, rasterized=True)
    of_type = graph.type == graph.type_index(attribute)
    count = np.bincount(graph.value[of_type].numpy(), minlength=graph.n_values)
    values = np.argsort(-count, kind="stable")[:shown]
    handles = []
    for value, colour, marker in zip(values, COLOURS, MARKERS, strict=False):
        own = graph.node[of_type & (graph.value == int(value))].numpy()
        look = {"color": colour, "marker": marker, "linestyle": "none", "markersize": 5}
        ax.plot(*places[own].T, rasterized=len(own) > 100, alpha=0.85, **look)
        handles.append(Line2D([], [], **look))
    names = [graph.value_labels[int(v)] for v in values]
    where = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "ncols": 2, "fontsize": 8.5}
    plain_legend(ax, handles, names, columnspacing=0.8, handletextpad=0.2, **where)
    ax.set(xticks=[], yticks=[])
    return ax


def win_shares(found: Mapping[str, np.ndarray], groups: Sequence[str], ax: Axes | None = None) -> Axes:
    """How often a pair that shares is nearer than one that does not: a row for each group, a mark for each order.

    Args:
        found: by the name of an order of pairs, ``(seeds, n_groups)``: the mean, with a line from lowest to highest.
        groups: names of the rows.
    """
    ax = ax or plt.subplots(figsize=(7.5, 0.5 * len(groups) + 1.4))[1]
    rows = [
        {"order": name, "group": group, "wins": wins}
        for name, runs in found.items()
        for one in np.atleast_2d(runs)
        for group, wins in zip(groups, one, strict=True)
    ]
    sns.pointplot(pd.DataFrame(rows), x="wins", y="group", hue="order", order=list(groups), hue_order=list(found),
                  palette=list(COLOURS[: len(found)]), markers=list(MARKERS[: len(found)]), linestyle="none",
                  dodge=0.5, errorbar=("pi", 100), markersize=6, err_kws={"linewidth": 2}, legend=False,
                  ax=ax)  # fmt: skip
    ax.axvline(0.5, color=INK, linestyle=":")
    ax.set_yticks(range(len(groups)), [visible(g) for g in groups], parse_math=False)
    ax.set(xlabel="share of draws won", ylabel="", xlim=(None, 1.01))
    ax.grid(axis="x")
    looks = zip(COLOURS, MARKERS, found, strict=False)
    handles = [Line2D([], [], color=c, marker=m, linestyle="none") for c, m, _ in looks]
    plain_legend(ax, handles, list(found), loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4)
    return ax
