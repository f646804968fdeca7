"""Results over dimension and composition: heat maps, lines with intervals, lotteries of equals, margins."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from ramgnn.plots.looks import COLOURS, INK, MARKERS
from ramgnn.visible import visible


def heat(means: pd.DataFrame, printed: pd.DataFrame | None = None, ax: Axes | None = None) -> Axes:
    """A table as a heat map: each cell's colour is how far it lies from the mean of its row, in per cent.

    Args:
        means: ``(n_metrics, n_models)``; the number in a cell.
        printed: the same shape; a paper's number, written below ours.
    """
    ax = ax or plt.subplots(figsize=(1.6 + 0.8 * means.shape[1], 1.2 + 0.55 * len(means)))[1]
    away = 100 * (means.div(means.mean(axis=1), axis=0) - 1)
    text = means.map(_short)
    if printed is not None:
        text = text + "\n(" + printed.map(_short) + ")"
    most = max(float(away.abs().to_numpy().max()), 1e-9)
    bar = {"label": "% from the row's mean"}
    sns.heatmap(away, annot=text.to_numpy(), fmt="", cmap="vlag", vmin=-most, vmax=most, ax=ax, linewidths=1,
                linecolor=INK, annot_kws={"fontsize": 9}, cbar_kws=bar)  # fmt: skip
    ax.collections[0].colorbar.outline.set_visible(False)
    ax.set(xlabel="", ylabel="")
    ax.set_xticks(np.arange(means.shape[1]) + 0.5, [visible(x) for x in means.columns], parse_math=False)
    ax.set_yticks(np.arange(len(means)) + 0.5, [visible(x) for x in means.index], rotation=0, parse_math=False)
    return ax


def over_width(
    widths: Sequence[int],
    means: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    printed: Sequence[float] | None = None,
    runs: Sequence[Sequence[float]] = (),
    ax: Axes | None = None,
) -> Axes:
    """A metric over dimensions: means as a line, their intervals as a band, single runs as dots, a paper's as diamonds.

    Args:
        widths: ``(n,)``; means: ``(n,)``; intervals: ``(n, 2)``; printed: ``(n,)`` or None.
        runs: ``n`` sequences, the metric of each run.
    """
    ax = ax or plt.subplots(figsize=(4, 3))[1]
    low, high = np.asarray(intervals, float).T
    ax.fill_between(widths, low, high, color=COLOURS[0], alpha=0.2, linewidth=0, label="95 % interval")
    sns.lineplot(x=list(widths), y=list(means), color=COLOURS[0], marker=MARKERS[0], markeredgewidth=0, ax=ax,
                 label="our mean", legend=False)  # fmt: skip
    at = [w for w, each in zip(widths, runs, strict=False) for _ in each]
    if at:
        sns.scatterplot(x=at, y=[y for each in runs for y in each], color=COLOURS[1], marker="_", s=60, linewidth=1.2,
                        ax=ax, label="single runs", legend=False)  # fmt: skip
    if printed is not None:
        ax.plot(widths, printed, MARKERS[3], color=INK, markerfacecolor="none", label="the paper's")
    ax.set(xlabel="$d$", xticks=list(widths), ylabel="")
    ax.grid(True, axis="y")
    return ax


def gaps(shares: Sequence[float], printed: float | None = None, most: float = 0.12, ax: Axes | None = None) -> Axes:
    """How often a gap between the best and the worst of equals is how large, and a paper's gap as a line.

    Args:
        shares: ``(n,)`` gaps as shares of the worst; printed: the paper's; most: where the axis ends.
    """
    ax = ax or plt.subplots(figsize=(4, 2.8))[1]
    percent = 100 * np.clip(np.asarray(shares, float), 0, most)
    sns.histplot(x=percent, bins=np.linspace(0, 100 * most, 25), stat="percent", color=COLOURS[0], alpha=0.8,
                 edgecolor="none", ax=ax)  # fmt: skip
    if printed is not None:
        ax.axvline(100 * printed, color=COLOURS[1], linestyle="--", linewidth=2)
    ax.set(xlabel="best over worst, %", ylabel="% of draws", xlim=(0, 100 * most))
    return ax


def margins(
    labels: Sequence[str],
    differences: Sequence[tuple[float, float, float]],
    margin: float,
    most: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Differences with their intervals against a margin: filled inside it, hollow where the interval leaves it.

    Args:
        labels: ``(n,)`` of the rows, from the top.
        differences: ``(n, 3)`` value, low and high, as shares.
        margin: shares up to this size do not matter; drawn as a strip.
        most: where the axis ends, on both sides.
    """
    ax = ax or plt.subplots(figsize=(4, 0.9 + 0.4 * len(labels)))[1]
    ax.axvspan(-100 * margin, 100 * margin, color=COLOURS[2], alpha=0.18, linewidth=0)
    ax.axvline(0, color=INK, linewidth=1)
    for row, (value, low, high) in enumerate(differences):
        inside = -margin <= low and high <= margin
        colour = COLOURS[0] if inside else COLOURS[1]
        ax.plot([100 * low, 100 * high], [row, row], color=colour, linewidth=2, solid_capstyle="butt")
        ax.plot(100 * value, row, MARKERS[0], color=colour, markerfacecolor=colour if inside else "none")
    ax.set_yticks(range(len(labels)), [visible(x) for x in labels], parse_math=False)
    ax.set(xlabel="difference, %", ylabel="", ylim=(len(labels) - 0.4, -0.6))
    if most is not None:
        ax.set_xlim(-100 * most, 100 * most)
    return ax


def _short(x: float) -> str:
    """Three decimals without the zero in front."""
    return "–" if x != x else f"{x:.3f}".replace("0.", ".", 1)
