"""Attention weights: as a fan, as a heat map, as an ego graph, as distributions, over epochs and against a control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D

from ramgnn.plots.looks import COLOURS, INK, plain_legend, type_styles
from ramgnn.visible import visible

LABEL = {"boxstyle": "round,pad=0.3", "facecolor": "#dce6ee", "edgecolor": INK, "linewidth": 0.8}
PAPER = LinearSegmentedColormap.from_list("paper", ["#f4f4f4", COLOURS[0]])  # from nothing to much


def fan(
    ax: Axes, head: str, tails: Sequence[str], reasons: Sequence[str], types: Sequence[str], alpha: Sequence[float]
) -> Axes:
    """Messages that run to one node, each line as thick as its weight, its type by colour and line style.

    Args:
        ax: where to draw; head: the node that listens.
        tails, reasons, types: ``(E,)`` from whom, through what, and which relation type that is.
        alpha: ``(E,)`` weights, summing to 1.
    """
    looks = type_styles(list(dict.fromkeys(types)))
    heights = np.linspace(1, 0, len(tails))
    for tail, reason, t, weight, y in zip(tails, reasons, types, alpha, heights, strict=True):
        ax.plot([0, 1], [y, 0.5], color=looks[t]["color"], linewidth=0.4 + 14 * float(weight), zorder=1,
                solid_capstyle="butt")  # fmt: skip
        words = f"{visible(tail)}\n{visible(reason)}  {weight:.2f}"
        ax.text(-0.03, y, words, ha="right", va="center", fontsize=8, parse_math=False)
    ax.text(1.0, 0.5, visible(head).replace(" ", "\n"), ha="center", va="center", fontsize=8, bbox=LABEL,
            color="#1b1b1b", zorder=3, parse_math=False)  # fmt: skip
    ax.set(xlim=(-0.66, 1.2), ylim=(-0.12, 1.12))
    ax.set_axis_off()
    return ax


def by_film(mass: np.ndarray, titles: Sequence[str], types: Sequence[str], equal: np.ndarray | None = None) -> Axes:
    """A heat map of films by relation types: how much of its attention each film gives to each type.

    Args:
        mass: ``(n, n_types)``, rows that sum to 1; titles: ``(n,)``.
        equal: ``(n, n_types)`` the same at equal weights, written small in brackets.
    """
    ax = plt.subplots(figsize=(8, 0.6 + 0.36 * len(titles)))[1]
    words = np.array([[f"{x:.2f}" for x in row] for row in mass])
    if equal is not None:
        rows = zip(mass, equal, strict=True)
        words = np.array([[f"{x:.2f} ({y:.2f})" for x, y in zip(*row, strict=True)] for row in rows])
    sns.heatmap(mass, ax=ax, cmap=PAPER, vmin=0, annot=words, fmt="", linewidths=1, linecolor=INK, cbar=False,
                annot_kws={"fontsize": 9})  # fmt: skip
    ax.set_xticks(np.arange(len(types)) + 0.5, [visible(t) for t in types], parse_math=False)
    ax.set_yticks(np.arange(len(titles)) + 0.5, [visible(t) for t in titles], rotation=0, parse_math=False)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    return ax


def ego(
    ax: Axes, head: str, tails: Sequence[str], types: Sequence[str], alpha: Sequence[float], order: Sequence[str],
    named: int = 6,
) -> Axes:  # fmt: skip
    """One node in the middle and its messages around it, each line as thick as its weight, its type by colour.

    Args:
        ax: where to draw; head: the node in the middle.
        tails, types: ``(E,)`` who sends each message, and its relation type; alpha: ``(E,)``.
        order: the relation types in the order of the legend.
        named: how many of the heaviest messages have a name.
    """
    looks = type_styles(order)
    alpha = np.asarray(alpha, float)
    turn = sorted(range(len(alpha)), key=lambda m: (list(order).index(types[m]), -alpha[m]))
    shown = set(np.argsort(-alpha, kind="stable")[:named].tolist())
    for n, m in enumerate(turn):
        angle = 2 * np.pi * n / len(turn)
        x, y = np.cos(angle), np.sin(angle)
        ax.plot([0.16 * x, x], [0.16 * y, y], color=looks[types[m]]["color"], linewidth=0.4 + 22 * alpha[m], zorder=1,
                solid_capstyle="butt")  # fmt: skip
        ax.plot(x, y, "o", color=looks[types[m]]["color"], markersize=4)
        if m in shown:
            side = "left" if x > 0.1 else "right" if x < -0.1 else "center"
            ax.text(1.08 * x, 1.1 * y, _short(visible(tails[m])), ha=side, va="center", fontsize=8, parse_math=False)
    ax.text(0, 0, _short(visible(head)).replace(" ", "\n"), ha="center", va="center", fontsize=8, color="#1b1b1b",
            bbox=LABEL, zorder=3, parse_math=False)  # fmt: skip
    handles = [Line2D([], [], color=looks[t]["color"], linewidth=3) for t in order]
    plain_legend(ax, handles, list(order), loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, fontsize=8)
    ax.set(xlim=(-1.9, 1.9), ylim=(-1.25, 1.25))
    ax.set_axis_off()
    return ax


def _short(title: str, most: int = 22) -> str:
    """A title without its year, cut where it is long."""
    title = title.rpartition(" (")[0] or title
    return title if len(title) <= most else title[: most - 1].rstrip() + "…"


def spread(table: pd.DataFrame, types: Sequence[str]) -> Axes:
    """The weight of each edge, relative to an equal share in its film: a violin for each relation type.

    Args:
        table: a row for each edge, columns ``type`` and ``relative``, above zero.
        types: their order.
    """
    ax = plt.subplots(figsize=(7.5, 3.4))[1]
    palette = {t: look["color"] for t, look in type_styles(types).items()}
    sns.violinplot(table, x="relative", y="type", hue="type", order=list(types), hue_order=list(types),
                   palette=palette, log_scale=True, cut=0, inner="quart", linewidth=1, linecolor=INK,
                   density_norm="width", legend=False, ax=ax)  # fmt: skip
    ax.axvline(1, color=INK, linestyle=":")
    ax.set(xlabel="weight of an edge, relative to an equal share in its film", ylabel="")
    ax.set_yticks(range(len(types)), [visible(t) for t in types], parse_math=False)
    _plain(ax)
    return ax


def against_control(table: pd.DataFrame, types: Sequence[str]) -> np.ndarray:
    """Attention relative to equal weights: a dot for each run, real films and films without meaning side by side.

    Args:
        table: columns ``type``, ``ratio``, ``films`` and ``target``; a panel for each target.
        types: their order.

    Returns:
        the axes.
    """
    targets = list(dict.fromkeys(table["target"]))
    names = list(dict.fromkeys(table["films"]))
    figure, axes = plt.subplots(1, len(targets), figsize=(8, 3.2), sharey=True, squeeze=False)
    for ax, target in zip(axes[0], targets, strict=True):
        own = table[table["target"] == target]
        look = {"x": "ratio", "y": "type", "hue": "films", "order": list(types), "hue_order": names, "ax": ax}
        colours = list(COLOURS[: len(names)])
        sns.stripplot(own, dodge=True, jitter=False, size=6, alpha=0.75, palette=colours, log_scale=True, **look)
        sns.pointplot(own, dodge=0.4, errorbar=None, linestyle="none", marker="|", markersize=16, palette=colours,
                      legend=False, log_scale=True, **look)  # fmt: skip
        for row in range(1, len(types)):
            ax.axhline(row - 0.5, color=INK, linewidth=0.4, alpha=0.5)
        ax.axvline(1, color=INK, linestyle=":")
        ax.set(title=f"{target} targets", xlabel="attention, relative to equal weights", ylabel="")
        ax.get_legend().remove()
        _plain(ax)
    axes[0, 0].set_yticks(range(len(types)), [visible(t) for t in types], parse_math=False)
    dots = [Line2D([], [], color=c, marker="o", linestyle="none") for c in colours]
    plain_legend(figure, dots, names, loc="outside lower center", ncols=len(names))
    return axes[0]


def _plain(ax: Axes) -> None:
    """A logarithmic axis with plain numbers."""
    low, high = ax.get_xlim()
    steps = (0.001, 0.01, 0.1, 1, 10, 100) if high / low > 60 else (0.1, 0.25, 0.5, 1, 2, 4, 8)
    ticks = [x for x in steps if low <= x <= high]
    ax.set_xticks(ticks, [f"{x:g}" for x in ticks])
    ax.minorticks_off()


def over_epochs(histories: Mapping[str, Sequence[Sequence]], types: Sequence[str], layer: int = -1) -> np.ndarray:
    """The share of attention of each type over epochs: means of runs as lines, lowest to highest run as bands.

    Args:
        histories: by name of a panel, one history of `ramgnn.pretrained.Epoch` entries for each run.
        types: names of the relation types; layer: which one.

    Returns:
        the axes, one for each name.
    """
    figure, axes = plt.subplots(1, len(histories), figsize=(8, 3.4), sharey=True, squeeze=False)
    looks = type_styles(types)
    for ax, (name, runs) in zip(axes[0], histories.items(), strict=True):
        rows = [(e.epoch, t, e.attention_by_type[layer][n], run) for run, history in enumerate(runs) for e in history
                for n, t in enumerate(types)]  # fmt: skip
        table = pd.DataFrame(rows, columns=["epoch", "type", "share", "run"])
        sns.lineplot(table, x="epoch", y="share", hue="type", hue_order=list(types), errorbar=("pi", 100), ax=ax,
                     palette=[looks[t]["color"] for t in types], legend=False)  # fmt: skip
        for line, t in zip(ax.lines, types, strict=True):
            line.set(linestyle=looks[t]["linestyle"], linewidth=2)
        ax.set(title=visible(name), xlabel="epoch", ylabel="share of attention", ylim=(0, None))
        ax.grid(True)
    handles = [Line2D([], [], color=k["color"], linestyle=k["linestyle"], linewidth=2) for k in looks.values()]
    plain_legend(figure, handles, list(types), loc="outside lower center", ncols=min(len(types), 6), handlelength=2.6)
    return axes[0]
