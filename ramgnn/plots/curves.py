"""Distributions, curves over epochs, and means with their intervals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ramgnn.graph import MultiRelationalGraph
from ramgnn.plots.looks import COLOURS, INK, MARKERS, plain_legend, type_styles
from ramgnn.visible import visible


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
    drawn = [line for line in ax.get_lines() if not re.fullmatch(r"_child\d+", line.get_label())]  # without a name
    columns = 3 if len(drawn) > 4 else 4
    names = [line.get_label() for line in drawn]
    plain_legend(ax, drawn, names, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=columns, handlelength=3.2)


def thresholds(history: Sequence, types: Sequence[str], ax: Axes | None = None) -> Axes:
    """The thresholds k_t over epochs, as in the paper's Figure 5.

    Types with the same threshold would hide each other, so the lines are drawn a little above and below it.

    Args:
        history: `ramgnn.pretrained.Epoch` entries.
        types: names of the relation types.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3.4))[1]
    all_k = [k for e in history for k in e.k] or [0]
    gap = 0.03 * (max(all_k) - min(all_k) + 1)
    for n, (t, look) in enumerate(type_styles(types).items()):
        offset = gap * ((len(types) - 1) / 2 - n)
        ax.step([e.epoch for e in history], [e.k[n] + offset for e in history], where="mid", color=look["color"],
                linestyle=look["linestyle"], label=t, linewidth=2)  # fmt: skip
    ax.set(xlabel="epoch", ylabel="threshold $k_t$")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.grid(True)
    _legend_below(ax)
    return ax


def attention_by_type(history: Sequence, types: Sequence[str], layer: int = -1, ax: Axes | None = None) -> Axes:
    """The share of attention that each relation type gets, over epochs.

    Args:
        history: `ramgnn.pretrained.Epoch` entries; types: names of the relation types; layer: which one.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3.4))[1]
    for n, (name, look) in enumerate(type_styles(types).items()):
        ax.plot([e.epoch for e in history], [e.attention_by_type[layer][n] for e in history], color=look["color"],
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
    has_value = np.isfinite(runs).any(0)
    low, mean, high = (np.full(runs.shape[1], np.nan) for _ in range(3))
    for line, statistic in ((low, np.nanmin), (mean, np.nanmean), (high, np.nanmax)):
        line[has_value] = statistic(runs[:, has_value], axis=0)
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
    ax.set_yticks(list(rows), [visible(label) for label in labels], parse_math=False)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.grid(axis="x")
    return ax
