"""Models that know when: what an old film still says, how memories fade, and who gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ramgnn.plots.looks import COLOURS, DASHES, INK, MARKERS, plain_legend


def by_age(found: Mapping[int, float], line: tuple[float, str], ax: Axes | None = None) -> Axes:
    """A metric of a scorer that knows a single thing, by how many things ago that was.

    Args:
        found: the metric by r; line: a level to compare with, and its name.
    """
    ax = ax or plt.subplots(figsize=(6.4, 3.0))[1]
    sns.lineplot(x=list(found), y=list(found.values()), marker="o", color=COLOURS[0], lw=2, ax=ax)
    level = ax.axhline(line[0], color=INK, linestyle=":")
    ax.set(xlabel="films ago", ylabel="NDCG@10, validation", ylim=(0, None), xticks=list(found))
    plain_legend(ax, [ax.lines[0], level], ["one film", line[1]], loc="upper right")
    return ax


def memories(ax: Axes, lengths: Sequence[float], most: int = 20) -> Axes:
    """What each of the last things counts, for memories of several lengths τ: softmax over r of −r / τ."""
    r = np.arange(most + 1)
    for n, length in enumerate(lengths):
        weight = np.exp(-r / length)
        look = {"color": COLOURS[n % len(COLOURS)], "linestyle": DASHES[n % len(DASHES)], "lw": 2}
        ax.plot(r, weight / weight.sum(), marker=MARKERS[n % len(MARKERS)], ms=4, label=f"τ = {length:.2g}", **look)
    ax.set(xlabel="films ago, r", ylabel="weight", ylim=(0, 1), xticks=range(0, most + 1, 5))
    if len(lengths) > 1:
        plain_legend(ax, ax.lines, [line.get_label() for line in ax.lines], loc="upper right", handlelength=3.2)
    return ax


def by_share(shares: ArrayLike, values: ArrayLike, ends: tuple[str, str], ax: Axes | None = None) -> Axes:
    """A metric of a weighted sum of two experts, by the share of the first; `ends` are their names, 0 and 1."""
    ax = ax or plt.subplots(figsize=(6.4, 3.0))[1]
    sns.lineplot(x=np.asarray(shares), y=np.asarray(values), marker="o", color=COLOURS[0], lw=2, ax=ax)
    ax.set(xlabel=f"share a:  0 = {ends[0]},  1 = {ends[1]}", ylabel="NDCG@10, validation")
    return ax


def by_group(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Models in groups of users: a mark for each mean, a line for its interval.

    Args:
        rows: columns ``group, model, mean, low, high``; groups and models in order of appearance.
    """
    ax = ax or plt.subplots(figsize=(7.6, 3.6))[1]
    groups, models = (list(dict.fromkeys(rows[name])) for name in ("group", "model"))
    handles = []
    for n, model in enumerate(models):
        own = rows[rows["model"] == model].set_index("group").loc[groups]
        x = np.arange(len(groups)) + (n - (len(models) - 1) / 2) * 0.13
        reach = np.abs(own[["low", "high"]].to_numpy().T - own["mean"].to_numpy())
        look = {"color": COLOURS[n % len(COLOURS)], "marker": MARKERS[n % len(MARKERS)]}
        handles.append(ax.errorbar(x, own["mean"], reach, linestyle="none", ms=7, lw=1.6, **look))
    ax.set_xticks(range(len(groups)), groups)
    ax.set(ylabel="NDCG@10", ylim=(0, None))
    plain_legend(ax, handles, models, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=len(models), fontsize=9)
    return ax
