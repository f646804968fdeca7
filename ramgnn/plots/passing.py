"""Messages along edges: a graph and its matrix, edge to message to sum, one step of propagation, what layers leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from ramgnn.plots.looks import COLOURS, INK, plain_legend, type_styles
from ramgnn.visible import visible

PAPER, DARK = "#dce6ee", "#1b1b1b"  # of a box, and of what is written in one
BOX = {"boxstyle": "round,pad=0.35", "facecolor": PAPER, "edgecolor": INK, "linewidth": 0.8}
TINTS = sns.diverging_palette(25, 245, s=75, l=72, sep=1, center="light", as_cmap=True)


def _box(ax: Axes, x: float, y: float, text: str, size: float = 9.5, **look: object) -> None:
    """A name in a box, which is read on white and on black."""
    ax.text(x, y, visible(text), ha="center", va="center", fontsize=size, color=DARK, zorder=5, parse_math=False,
            bbox={**BOX, **look})  # fmt: skip


def _number(value: float, digits: int) -> str:
    """Without zeros that say nothing, and with a minus as it is printed."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text.replace("-", "−")


def graph_and_matrix(
    adjacency: ArrayLike, labels: Sequence[str], places: Mapping[int, tuple[float, float]] | None = None
) -> tuple[Axes, Axes]:
    """A graph, and beside it the matrix that says the same.

    Args:
        adjacency: ``(n, n)``, not zero where two nodes are joined.
        labels: ``(n,)`` names of the nodes.
        places: where each node stands; around a ring when not given.
    """
    A = np.asarray(adjacency)
    _, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.3), width_ratios=[1.15, 1])
    graph = nx.from_numpy_array(A)
    places = dict(places or nx.circular_layout(graph))
    nx.draw_networkx_edges(graph, places, ax=left, edge_color=COLOURS[0], width=2)
    for node, name in enumerate(labels):
        _box(left, *places[node], f"{node}  {name}")
    left.margins(0.3, 0.2)
    left.set_axis_off()
    tint = sns.light_palette(COLOURS[0], as_cmap=True)
    sns.heatmap(A, ax=right, annot=True, fmt="g", cmap=tint, vmin=0, vmax=1.6, cbar=False, square=True, linewidths=1,
                linecolor=INK, annot_kws={"color": DARK})  # fmt: skip
    right.set(xlabel="from film", ylabel="to film")
    right.tick_params(length=0)
    return left, right


def _strip(ax: Axes, x: float, y: float, vector: np.ndarray, tints: np.ndarray, digits: int) -> float:
    """A vector as cells side by side, from `x` to the right; returns where it ends."""
    for n, value in enumerate(vector):
        ax.add_patch(Rectangle((x + n, y - 0.3), 1, 0.6, facecolor=TINTS(0.5 + 0.5 * tints[n]), edgecolor=INK, lw=0.8,
                               zorder=4))  # fmt: skip
        ax.text(x + n + 0.5, y, _number(value, digits), ha="center", va="center", fontsize=9, color=DARK, zorder=6)
    return x + len(vector)


def _tints(*tables: np.ndarray) -> list[np.ndarray]:
    """Each value over the largest of its column in any of the tables, from −1 to 1."""
    most = np.maximum(np.abs(np.vstack(tables)).max(0), 1e-12)
    return [table / most for table in tables]


def edge_message_sum(
    head: str,
    neighbours: Sequence[str],
    vectors: ArrayLike,
    messages: ArrayLike | None = None,
    *,
    reasons: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    weights: ArrayLike | None = None,
    result: ArrayLike | None = None,
    how: str = "sum",
    sign: str = "Σ",
    digits: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """One step for one node, from left to right: neighbours and their vectors, messages, what is made of all of them.

    Args:
        head: name of the node that listens.
        neighbours: ``(k,)`` names, one for each edge; one name can come several times.
        vectors: ``(k, d)`` what each neighbour has.
        messages: ``(k, d')`` what travels along each edge; the vectors themselves when not given.
        reasons: ``(k,)`` words on the edges; none when not given.
        types: ``(k,)`` relation type of each edge, which gives it its colour and line style.
        weights: ``(k,)`` of the messages, as thickness and in figures; 1 each, and not shown, when not given.
        result: ``(d',)`` what `head` has afterwards; the weighted sum of the messages when not given.
        how: what is done with the messages, below its sign; sign: that sign.
        digits: of numbers, at most.
    """
    vectors = np.asarray(vectors, float)
    sent = vectors if messages is None else np.asarray(messages, float)
    share = np.ones(len(sent)) if weights is None else np.asarray(weights, float)
    result = share @ sent if result is None else np.asarray(result, float)
    k, d, out = len(sent), vectors.shape[1], sent.shape[1]
    ax = ax or plt.subplots(figsize=(7.8, 0.62 + 0.5 * k))[1]
    looks = type_styles(list(dict.fromkeys(types))) if types else {}
    vector_tints, (message_tints, result_tint) = _tints(vectors)[0], _tints(sent, result[None])
    x0, x1 = 1.9, 1.9 + d + (3.1 if reasons else 1.6)  # where vectors and messages begin
    middle = x1 + out + (1.7 if weights is None else 3.0)
    end = middle + 1.7
    centre = (k - 1) / 2
    for n in range(k):
        y = k - 1 - n
        look = looks[types[n]] if types else {"color": COLOURS[0], "linestyle": "-"}
        _box(ax, 0, y, neighbours[n], 9)
        start = _strip(ax, x0, y, vectors[n], vector_tints[n], digits)
        line = {"color": look["color"], "linestyle": look["linestyle"]}
        width = 1.8 if weights is None else 0.8 + 5 * share[n] / max(share.max(), 1e-12)
        ax.annotate(
            "", (x1, y), (start, y), arrowprops={"arrowstyle": "->", "lw": 1.8, "shrinkA": 2, "shrinkB": 2} | line
        )
        if reasons:
            ax.text((start + x1) / 2, y + 0.12, visible(reasons[n]), ha="center", va="bottom", fontsize=8.5,
                    color=look["color"], parse_math=False)  # fmt: skip
        stop = _strip(ax, x1, y, sent[n], message_tints[n], digits)
        if weights is not None:  # thick lines are whole, and begin behind their figure
            ax.text(stop + 0.1, y, f"× {_number(share[n], 2)}", fontsize=8.5, color=look["color"], va="center")
            stop, line["linestyle"] = stop + 1.35, "-"
        ax.plot([stop, middle], [y, centre], lw=width, zorder=1, solid_capstyle="round", **line)
    ax.text(middle, centre, sign, ha="center", va="center", fontsize=12, color=DARK, zorder=5,
            bbox={"boxstyle": "circle,pad=0.3", "facecolor": PAPER, "edgecolor": INK})  # fmt: skip
    ax.text(middle, centre - 0.62, how, ha="center", va="top", fontsize=9, color=INK)
    ax.annotate("", (end, centre), (middle + 0.5, centre), arrowprops={"arrowstyle": "->", "lw": 1.8, "color": INK})
    _strip(ax, end + 0.1, centre, result, result_tint[0], digits)
    _box(ax, end + 0.1 + out / 2, centre + 0.75, head, 9)
    for x, word in ((x0 + d / 2, "what it has"), (x1 + out / 2, "what it sends")):
        ax.text(x, k - 0.45, word, ha="center", va="bottom", fontsize=9, color=INK)
    ax.set(xlim=(-1.75, end + max(out, 2) + 0.6), ylim=(min(-0.5, centre - 1.1), max(k - 0.1, centre + 1.3)))
    ax.set_axis_off()
    if len(looks) > 1:
        handles = [
            plt.Line2D([], [], color=look["color"], linestyle=look["linestyle"], lw=2) for look in looks.values()
        ]
        plain_legend(ax, handles, list(looks), loc="upper right", fontsize=9, handlelength=3)
    return ax


def shares(interactions: ArrayLike, steps: int, weights: str = "mean") -> np.ndarray:
    """How much of each start vector is in each node after so many steps: ``(n, n)``, users first, then items.

    Args:
        interactions: ``(n_users, n_items)``, not zero where a user has an item.
        weights: ``mean``, over the other side; or ``symmetric``, each edge 1/√(degree of one · degree of the other).
    """
    X = (np.asarray(interactions) != 0).astype(float)
    A = np.block([[np.zeros((len(X), len(X))), X], [X.T, np.zeros((X.shape[1], X.shape[1]))]])
    degree = np.maximum(A.sum(1, keepdims=True), 1)
    step = A / degree if weights == "mean" else A / np.sqrt(degree * degree.T)
    return np.linalg.matrix_power(step, steps)


def one_step(
    interactions: ArrayLike,
    users: Sequence[str],
    items: Sequence[str],
    to: str,
    steps: int = 1,
    weights: str = "mean",
    ax: Axes | None = None,
) -> Axes:
    """Propagation between users and items: how much of whose vector has reached one node after so many steps.

    Each box says its share in figures and by its colour; lines that a message has come along are thick, the last step
    in the first colour, the step before in the second, and so on.

    Args:
        interactions: ``(n_users, n_items)``, not zero where a user has an item.
        users, items: ``(n_users,)`` and ``(n_items,)`` names.
        to: the name of the user or item that receives; steps: how many, from 1.
        weights: as for `shares`.
    """
    X = np.asarray(interactions) != 0
    names, n_users = [*users, *items], len(users)
    receiver = names.index(to)
    share = shares(X, steps, weights)[receiver]
    ax = ax or plt.subplots(figsize=(6.2, 4.2))[1]
    rows = max(len(users), len(items)) - 1
    height = np.concatenate([np.linspace(rows, 0, len(users)), np.linspace(rows, 0, len(items))])
    side = np.array([0.0] * n_users + [1.0] * len(items))
    reached = {receiver}
    used: dict[tuple[int, int], int] = {}
    for step in range(steps):
        now = set()
        for u, i in zip(*np.nonzero(X), strict=True):
            edge = (int(u), n_users + int(i))
            for near, far in (edge, edge[::-1]):
                if near in reached:
                    now.add(far)
                    used.setdefault(edge, step)
        reached = now
    for u, i in zip(*np.nonzero(X), strict=True):
        a, b = int(u), n_users + int(i)
        step = used.get((a, b))
        look = {"color": INK, "lw": 0.7, "alpha": 0.6} if step is None else {"color": COLOURS[step % 4], "lw": 2.2}
        ax.plot(side[[a, b]], height[[a, b]], zorder=1 if step is None else 3 - step / 10, **look)
    tint = sns.light_palette(COLOURS[3], as_cmap=True)
    for n, name in enumerate(names):
        text = f"{name}  {_number(share[n], 2)}" if share[n] > 1e-9 else name
        edge = {"edgecolor": COLOURS[1], "linewidth": 2.5} if n == receiver else {}
        face = tint(0.15 + 0.7 * share[n] / share.max()) if share[n] > 1e-9 else PAPER
        _box(ax, side[n], height[n], text, 8.5, facecolor=face, **edge)
    ax.set(xlim=(-0.35, 1.6), ylim=(-0.6, rows + 0.6))
    ax.set_axis_off()
    return ax


def after_layers(
    ax: Axes, steps: Mapping[str, ArrayLike], values: ArrayLike, layers: int, own: float = 0.0, label: str = ""
) -> None:
    """One number of each node after so many steps of averaging, a column of points for each way to average.

    Args:
        steps: by name, ``(n, n)`` matrices whose rows sum to 1.
        values: ``(n,)`` the numbers to begin with; layers: how many steps.
        own: how much of its first number a node keeps in each step, from 0 to 1.
        label: of the vertical axis.
    """
    start = np.asarray(values, float)
    found = []
    for name, P in steps.items():
        h = start
        for _ in range(layers):
            h = (1 - own) * np.asarray(P, float) @ h + own * start
        found += [{"edges": name, "value": value, "node": n} for n, value in enumerate(h)]
    frame = pd.DataFrame(found)
    sns.lineplot(frame, x="edges", y="value", units="node", estimator=None, color=INK, alpha=0.4, lw=0.8, ax=ax)
    sns.stripplot(frame, x="edges", y="value", hue="node", palette=list(COLOURS[: len(start)]), size=9, jitter=False,
                  legend=False, ax=ax)  # fmt: skip
    ax.yaxis.get_major_locator().set_params(integer=True)
    room = 0.08 * max(np.ptp(start), 1e-9)
    ax.set(xlabel="", ylabel=label, xlim=(-0.5, len(steps) - 0.5), ylim=(start.min() - room, start.max() + room))


def spread(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """What is left of the differences between nodes, a line for each type over the layers, on a logarithmic axis.

    Args:
        table: ``(n_layers + 1, n_types)``, its columns the types and its index the layers.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3.6))[1]
    for name, look in type_styles(list(table.columns)).items():
        sns.lineplot(x=table.index, y=table[name].to_numpy(), color=look["color"], linestyle=look["linestyle"],
                     marker=look["marker"], markersize=6, markeredgewidth=0, lw=2, ax=ax)  # fmt: skip
    plain_legend(
        ax, ax.get_lines(), list(table.columns), loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3.2
    )
    ax.set(yscale="log", xlabel="layers", ylabel="share of the differences left")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(True)
    return ax
