"""Figure 5 and its likes: what bandits do to their thresholds, run by run, and where coins would end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ramgnn.plots.looks import COLOURS, DASHES, INK, MARKERS, plain_legend, type_styles
from ramgnn.visible import visible

if TYPE_CHECKING:
    from ramgnn.experiments.trajectories import Trajectory

TICKS = (1, 3, 5, 9, 13, 29, 37, 64)
ROWS = {"k": "threshold $k_t$", "distance": "average neighbour\ndistance", "reward": "rewards,\nadded up"}


def coin_ends(ends: Sequence[float], printed: Sequence[float] = (), most: int = 40, ax: Axes | None = None) -> Axes:
    """The share of coins that end at each threshold, and what a paper prints as dotted lines.

    Args:
        ends: ``(n,)`` thresholds; printed: ``(m,)`` thresholds to compare with; most: where the axis ends.
    """
    ax = ax or plt.subplots(figsize=(5, 2.8))[1]
    values, times = np.unique(np.asarray(ends, float), return_counts=True)
    ax.bar(values, times / max(times.sum(), 1), width=1.4, color=COLOURS[0])
    for x in printed:
        ax.axvline(x, color=INK, linestyle=":")
    ax.set(xlabel="threshold at the end", ylabel="share of coins", xlim=(0, most))
    return ax


def swings(columns: Mapping[str, Sequence[Trajectory]], epochs: int) -> Figure:
    """Thresholds, average neighbour distances and added rewards over epochs: the mean of the runs in a band from the
    lowest to the highest.

    Thresholds that are equal would hide each other, so each type is drawn a little above or below its own.

    Args:
        columns: title of a column and what is drawn there, one trajectory for each relation type.
        epochs: how many are drawn.
    """
    size = 1.4 + 2.2 * len(columns), 5.6
    figure, axes = plt.subplots(3, len(columns), figsize=size, sharex=True, sharey="row", squeeze=False)
    types = list(dict.fromkeys(x.relation for each in columns.values() for x in each))
    looks = type_styles(types)
    for n, (title, each) in enumerate(columns.items()):
        for ax, what in zip(axes[:, n], ROWS, strict=True):
            _bands(ax, each, what, epochs, looks, types)
        axes[0, n].set_title(visible(title), parse_math=False)
        axes[2, n].set_xlabel("epoch")
    for ax, name in zip(axes[:, 0], ROWS.values(), strict=True):
        ax.set_ylabel(name)
    for ax in axes.flat:
        ax.xaxis.get_major_locator().set_params(integer=True, nbins=5)
    for ax in axes[::2].flat:
        ax.yaxis.get_major_locator().set_params(integer=True)
    plain_legend(figure, axes[0, 0].get_lines()[: len(types)], [x.relation for x in next(iter(columns.values()))],
                 loc="outside lower center", ncols=min(len(types), 5), handlelength=3)  # fmt: skip
    return figure


def _bands(ax: Axes, each: Sequence[Trajectory], what: str, epochs: int, looks: dict, types: Sequence[str]) -> None:
    """One panel: a line and a band for each relation type."""
    highest = max((np.nanmax(x.k[:, :epochs]) for x in each), default=1)
    for x in each:
        values = np.nancumsum(x.reward, axis=1) if what == "reward" else getattr(x, what)
        values = values[:, :epochs].astype(float)
        if what == "k":
            values = values + 0.012 * highest * ((len(types) - 1) / 2 - types.index(x.relation))
        runs, length = values.shape
        frame = pd.DataFrame({"epoch": np.tile(np.arange(1, length + 1), runs), "value": values.ravel()})
        look = looks[x.relation]
        sns.lineplot(frame, x="epoch", y="value", errorbar=("pi", 100), color=look["color"],
                     linestyle=look["linestyle"], linewidth=1.8, ax=ax,
                     err_kws={"alpha": 0.2, "linewidth": 0})  # fmt: skip
    ax.set(xlabel="", ylabel="")
    ax.grid(True)


def ends(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Where thresholds end, a row for each kind of run from the top; a larger dot is a larger share of the ends.

    Args:
        rows: a line for each end: ``row``, its label; ``group``, what has one colour; ``end``, the threshold.
    """
    labels, groups = rows["row"].drop_duplicates().tolist(), rows["group"].drop_duplicates().tolist()
    ax = ax or plt.subplots(figsize=(7.5, 0.9 + 0.33 * len(labels)))[1]
    share = rows.groupby(["row", "group", "end"], sort=False).size().rename("n").reset_index()
    share["share"] = share["n"] / share.groupby("row")["n"].transform("sum")
    share["place"] = share["row"].map(labels.index)
    palette = {group: COLOURS[n % len(COLOURS)] for n, group in enumerate(groups)}
    marks = {group: MARKERS[n % len(MARKERS)] for n, group in enumerate(groups)}
    sns.scatterplot(share, x="end", y="place", size="share", sizes=(12, 190), size_norm=(0, 1), hue="group",
                    palette=palette, style="group", markers=marks, legend=False, linewidth=0, ax=ax)  # fmt: skip
    ax.axvline(5, color=INK, linestyle=DASHES[1], linewidth=1, zorder=0)
    ax.set_xscale("log", base=2)
    ax.set_xticks(TICKS, [str(x) for x in TICKS])
    ax.set_yticks(range(len(labels)), [visible(x) for x in labels], parse_math=False)
    ax.set(xlabel="threshold at the end (dashed: the start, 5)", ylabel="", ylim=(len(labels) - 0.4, -0.6))
    ax.minorticks_off()
    ax.grid(True, axis="x")
    return ax
