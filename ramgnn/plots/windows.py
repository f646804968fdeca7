"""Neighbours on a number line, the window of the sampler, its thresholds and rewards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels.neighbours import SampledNeighbours
from ramgnn.plots.curves import band
from ramgnn.plots.looks import COLOURS, INK, plain_legend, type_styles
from ramgnn.visible import visible

DOWN_UP = LinearSegmentedColormap.from_list("down_up", [COLOURS[1], INK, COLOURS[0]])


def number_line(
    scores: Sequence[float],
    groups: Mapping[str, Sequence[int]],
    head: int,
    k: int,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Each value's nodes on a line, sorted by score, with the window of the k nearest of one node.

    A row is a value. The bar is the window of the head in that row, its k nearest there; filled are those that are
    among the k nearest of all rows together.

    Args:
        scores: ``(n,)``; groups: the nodes of each value; head: whose neighbours; k: how many it keeps.
        names: ``(n,)`` written above the nodes; their numbers if there are none.
    """
    ax = ax or plt.subplots(figsize=(7.5, 2.4))[1]
    scores = np.asarray(scores, float)
    names = [visible(str(x)) for x in (names if names is not None else range(len(scores)))]
    near = {
        value: sorted((abs(scores[j] - scores[head]), j) for j in group if j != head)[:k]
        for value, group in groups.items()
        if head in group
    }
    kept = sorted((d, value, j) for value, found in near.items() for d, j in found)[:k]
    kept = {(value, j) for _, value, j in kept}
    for row, (value, group) in enumerate(groups.items()):
        y, colour = -row, COLOURS[row % len(COLOURS)]
        ax.plot([0, 1], [y, y], color=INK, linewidth=0.8, zorder=1)
        if near.get(value):
            reach = [scores[head], *(scores[j] for _, j in near[value])]
            ax.plot([min(reach), max(reach)], [y, y], color=colour, linewidth=13, alpha=0.3, zorder=2)
        for j in group:
            filled = j == head or (value, j) in kept
            ax.plot(scores[j], y, "D" if j == head else "o", color=INK if j == head else colour, markersize=8,
                    fillstyle="full" if filled else "none", zorder=3)  # fmt: skip
            ax.text(scores[j], y + 0.24, names[j], ha="center", va="bottom", parse_math=False)
    ax.set_yticks([-row for row in range(len(groups))], [visible(v) for v in groups], parse_math=False)
    ax.set(xlim=(0, 1), ylim=(0.4 - len(groups), 0.75), xlabel="score")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return ax


def kept_on_line(
    graph: MultiRelationalGraph, scores: Sequence[float], kept: SampledNeighbours, node: int, ax: Axes | None = None
) -> Axes:
    """All neighbours of one node on the line of scores, a row for each type, and those that the sampler keeps.

    Args:
        scores: ``(n_nodes,)``; kept: the sampled neighbours; node: whose they are.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3.4))[1]
    head, tail = (x.numpy() for x in graph.edges())
    own = tail[head == node]
    row = graph.type.numpy()[own]
    apart = 0.6 * ((own * 0.618034) % 1 - 0.5)  # so that films with one score do not hide each other
    films = pd.DataFrame(
        {
            "score": np.asarray(scores, float)[graph.node.numpy()[own]],
            "row": row + apart,
            "type": np.asarray(graph.types)[row],
            "kept": np.isin(own, kept.of(node).numpy()),
        }
    )
    how = {"x": "score", "y": "row", "linewidth": 0, "ax": ax, "legend": False}
    sns.scatterplot(films[~films.kept], color=INK, s=9, alpha=0.4, rasterized=True, **how)
    colours = {t: look["color"] for t, look in type_styles(graph.types).items()}
    sns.scatterplot(films[films.kept], hue="type", palette=colours, s=45, **how)
    ax.axvline(float(scores[node]), color=INK, linestyle=":")
    ax.set_yticks(range(graph.n_types), [visible(t) for t in graph.types], parse_math=False)
    ax.set(xlabel="score", ylabel="", ylim=(graph.n_types - 0.5, -0.5))
    return ax


def paths(runs: Mapping[str, Sequence[Sequence]], types: Sequence[str]) -> Figure:
    """Thresholds, rewards and distances over epochs, as in the paper's Figure 5; a column for each way to train.

    Thresholds and distances are means over seeds, with a band from the lowest to the highest seed. Thresholds of
    several types lie a little beside each other, so that none hides another. Rewards are squares, + where all seeds
    were told +1, − where all were told −1.

    Args:
        runs: by the title of a column, the histories of its seeds: lists of `ramgnn.pretrained.Epoch`.
        types: names of the relation types.
    """
    shape = {"figsize": (8, 7), "height_ratios": [3, 2.4, 3], "sharex": True, "squeeze": False}
    figure, axes = plt.subplots(3, len(runs), **shape)
    looks = type_styles(types)
    for column, (title, histories) in zip(axes.T, runs.items(), strict=True):
        k = np.array([[e.k for e in h] for h in histories], float)  # (seeds, epochs, types)
        far = np.array([[e.distance for e in h] for h in histories], float)
        told = np.array([[[np.nan if r is None else r for r in e.reward] for e in h] for h in histories], float)
        n_types, epochs = k.shape[2], k.shape[1]
        for t, look in enumerate(looks.values()):
            band(k[:, :, t] + 0.09 * ((n_types - 1) / 2 - t), look, ax=column[0])
            band(far[:, :, t], look, ax=column[2])
        _rewards(told, types, column[1])
        column[0].set_title(visible(title), parse_math=False)
        column[2].set(yscale="log", xlabel="epoch")
        column[2].set_xticks(range(1, epochs + 1, 2))
        column[0].yaxis.get_major_locator().set_params(integer=True)
    low, high = min(ax.get_ylim()[0] for ax in axes[0]), max(ax.get_ylim()[1] for ax in axes[0])
    for ax in axes[0]:
        ax.set(ylim=(min(low, 0.5), high))
        ax.grid(True)
    for ax in axes[1, 1:]:
        ax.tick_params(labelleft=False)
    for ax, name in zip(axes[:, 0], ("threshold $k_t$", "reward", "distance"), strict=True):
        ax.set_ylabel(name)
    handles = [Line2D([], [], color=x["color"], linestyle=x["linestyle"], linewidth=2) for x in looks.values()]
    plain_legend(figure, handles, list(looks), loc="outside lower center", ncols=6, handlelength=2.4)
    return figure


def _rewards(told: np.ndarray, types: Sequence[str], ax: Axes) -> None:
    """Squares of ``(seeds, epochs, types)`` rewards; a type that has none in an epoch has no square there."""
    for t in range(told.shape[2]):
        for n in range(told.shape[1]):
            now = told[:, n, t]
            if not np.isfinite(now).any():
                continue
            mean = np.nanmean(now)
            ax.add_patch(plt.Rectangle((n + 0.55, -t - 0.4), 0.9, 0.8, color=DOWN_UP((mean + 1) / 2), linewidth=0))
            if abs(mean) == 1:
                sign = "+" if mean > 0 else "−"
                ax.text(n + 1, -t, sign, ha="center", va="center_baseline", color="white", fontsize=9, weight="bold")
    ax.set(ylim=(0.5 - told.shape[2], 0.5))
    ax.set_yticks([-t for t in range(told.shape[2])], [visible(t) for t in types], parse_math=False)


def ends(found: np.ndarray, types: Sequence[str], start: int, ax: Axes | None = None) -> Axes:
    """Where thresholds come to rest that all began at one place, a row for each type and a mark for each seed.

    Args:
        found: ``(seeds, n_types)``; types: names of the relation types; start: where they began.
    """
    ax = ax or plt.subplots(figsize=(7.5, 2.6))[1]
    ax.axvline(start, color=INK, linestyle=":")
    for row, look in enumerate(type_styles(types).values()):
        for n, end in enumerate(np.asarray(found)[:, row]):
            y = row + 0.2 * (n - (len(found) - 1) / 2)
            ax.plot([start, end], [y, y], color=look["color"], linewidth=1.5)
            ax.plot(end, y, marker=look["marker"], color=look["color"], markersize=5, linestyle="none")
    ax.set(xlim=(0, max(60, start + 5)), xlabel="threshold at rest", ylim=(len(types) - 0.4, -0.6))
    ax.set_yticks(range(len(types)), [visible(t) for t in types], parse_math=False)
    return ax


def common_viewers(curves: Mapping[str, np.ndarray], ks: Sequence[int], types: Sequence[str]) -> Figure:
    """How many viewers a film has in common with its k nearest, over k; a panel for each order of neighbours.

    Args:
        curves: by the name of an order, ``(runs, n_types, len(ks))``: the mean is a line, lowest to highest a band.
        ks: numbers of neighbours; types: names of the relation types.
    """
    figure, axes = plt.subplots(1, len(curves), figsize=(8, 3.5), sharey=True, squeeze=False)
    axes, looks = axes[0], type_styles(types)
    for ax, (name, found) in zip(axes, curves.items(), strict=True):
        for look, runs in zip(looks.values(), np.moveaxis(np.asarray(found), 1, 0), strict=True):
            ax.fill_between(ks, runs.min(0), runs.max(0), color=look["color"], alpha=0.25, linewidth=0)
            ax.plot(ks, runs.mean(0), color=look["color"], linestyle=look["linestyle"])
        ax.axhline(1, color=INK, linestyle=":")
        ax.set(xscale="log", xlabel="neighbours k")
        ax.set_title(visible(name), parse_math=False)
    axes[0].set(ylabel="common viewers", ylim=(0, 1.05 * max(np.max(found) for found in curves.values())))
    handles = [Line2D([], [], color=x["color"], linestyle=x["linestyle"], linewidth=2) for x in looks.values()]
    plain_legend(figure, handles, list(looks), loc="outside lower center", ncols=6, handlelength=2.4)
    return figure
