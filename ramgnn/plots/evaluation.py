"""How a ranking is judged: the timeline of a split, ranks, metrics as curves, and whether a difference is chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ramgnn.plots.looks import COLOURS, DASHES, INK, MARKERS, plain_legend
from ramgnn.visible import visible

PAPER, DARK = "#dce6ee", "#1b1b1b"  # of a box, and of what is written in one
METRICS = {
    "HR": lambda rank: np.ones_like(rank),
    "MRR": lambda rank: 1 / rank,
    "NDCG": lambda rank: 1 / np.log2(rank + 1),
}


def timeline(
    train: pd.DataFrame, test: pd.DataFrame, users: Sequence[str], items: Sequence[str], ax: Axes | None = None
) -> Axes:
    """What each user did, from left to right, and behind a line the last one, which is held out.

    Args:
        train: the columns user, item and time, what is known; test: the same, one row for each user.
        users, items: ``(n_users,)`` and ``(n_items,)`` names.
    """
    ax = ax or plt.subplots(figsize=(8, 0.55 + 0.5 * len(users)))[1]
    longest = int(train.groupby("user").size().max())
    step = max(len(visible(name)) for name in items) * 0.085 + 0.35  # in inches, about
    cut = (longest + 0.05) * step
    for user, name in enumerate(users):
        y = len(users) - 1 - user
        known = train[train["user"] == user].sort_values("time")["item"].tolist()
        held = test[test["user"] == user]["item"].tolist()
        first = longest - len(known)
        ax.text(-0.1, y, visible(name), ha="right", va="center", parse_math=False)
        ax.plot([first * step, cut + 0.2 * step], [y, y], color=INK, lw=0.8, zorder=1)
        for n, item in enumerate(known):
            _film(ax, (first + n + 0.5) * step, y, items[item])
        for item in held:
            _film(ax, cut + 0.65 * step, y, items[item], edgecolor=COLOURS[1], linewidth=2.2)
    ax.axvline(cut, color=COLOURS[1], linestyle=DASHES[1], lw=2)
    top = len(users) - 0.45
    for x, word in ((longest * step / 2, "known"), (cut + 0.65 * step, "held out")):
        ax.text(x, top, word, ha="center", va="bottom", color=INK)
    ax.set(xlim=(-0.12 * step * 5, cut + 1.25 * step), ylim=(-0.5, len(users) + 0.1))
    ax.set_axis_off()
    return ax


def _film(ax: Axes, x: float, y: float, name: str, **look: object) -> None:
    box = {"boxstyle": "round,pad=0.3", "facecolor": PAPER, "edgecolor": INK, "linewidth": 0.8} | look
    ax.text(x, y, visible(name), ha="center", va="center", fontsize=8.5, color=DARK, bbox=box, parse_math=False)


def metric_curves(ax: Axes, k: int = 10, most: int = 20, ranks: ArrayLike | None = None) -> None:
    """What a rank is worth in HR@k, MRR@k and NDCG@k, from rank 1 to `most`.

    Args:
        k: places of the list; behind them everything is worth 0.
        ranks: ``(n,)`` ranks to mark on the axis; none when not given.
    """
    rank = np.arange(1.0, most + 1)
    for (name, worth), colour, dash, marker in zip(METRICS.items(), COLOURS, DASHES, MARKERS, strict=False):
        y = np.where(rank <= k, worth(rank), 0.0)
        sns.lineplot(x=rank, y=y, ax=ax, color=colour, linestyle=dash, marker=marker, markersize=5, markeredgewidth=0,
                     label=name, legend=False)  # fmt: skip
    if ranks is not None:
        sns.rugplot(x=np.asarray(ranks, float), ax=ax, color=INK, height=0.06, lw=2)
    ax.axvline(k + 0.5, color=INK, linestyle=":", lw=1.2)
    plain_legend(ax, ax.get_lines()[:3], list(METRICS), fontsize=9, loc="center right", bbox_to_anchor=(1.0, 0.66))
    ax.set(xlabel="rank", ylabel="worth", ylim=(-0.04, 1.08))
    ax.xaxis.get_major_locator().set_params(integer=True)


def weights(common: ArrayLike, weight: ArrayLike, labels: Sequence[str]) -> tuple[Axes, Axes]:
    """Two heat maps of the same items: how many users two of them share, and the weight that a model gives them.

    Args:
        common: ``(n, n)`` whole numbers; weight: ``(n, n)`` from row to column.
        labels: ``(n,)`` names.
    """
    _, (left, right) = plt.subplots(1, 2, figsize=(8, 4.1), sharey=True)
    names = [visible(x) for x in labels]
    off = np.eye(len(names), dtype=bool)
    common, weight = np.asarray(common), np.asarray(weight, float) + 0.0
    most = np.abs(weight).max() or 1.0
    looks = {"mask": off, "square": True, "cbar": False, "linewidths": 1, "linecolor": INK}
    tint = sns.light_palette(COLOURS[0], as_cmap=True)
    sns.heatmap(common, ax=left, annot=True, fmt="d", cmap=tint, vmax=1.4 * max(common[~off].max(), 1), **looks,
                annot_kws={"color": DARK, "size": 9})  # fmt: skip
    both = sns.diverging_palette(25, 245, s=80, l=68, sep=1, center="light", as_cmap=True)
    said = np.vectorize(lambda x: f"{x:.2f}".replace("0.", ".").replace("-", "−") if abs(x) >= 0.005 else "0")(weight)
    sns.heatmap(weight, ax=right, annot=said, fmt="", cmap=both, vmin=-most, vmax=most, **looks,
                annot_kws={"color": DARK, "size": 8})  # fmt: skip
    for ax, title in ((left, "viewers in common"), (right, "weight, from row to column")):
        ax.set_title(title)
        ax.set_xticks(np.arange(len(names)) + 0.5, names, rotation=45, ha="right", parse_math=False)
        ax.tick_params(length=0)
    left.set_yticks(np.arange(len(names)) + 0.5, names, rotation=0, parse_math=False)
    return left, right


def hit_curves(ranks: Mapping[str, ArrayLike], marked: Sequence[int] = (), most: int = 1000) -> tuple[Axes, Axes]:
    """The share of users hit within k places, for two models; below it, how far the first is ahead.

    HR@k is the empirical distribution of the ranks. The band is that of 95 % of 300 draws of users with replacement.

    Args:
        ranks: the ranks of two models by name, ``(n_users,)`` each, of the same users in the same order.
        marked: places k with a line of their own.
        most: the largest k.
    """
    _, (top, below) = plt.subplots(2, 1, figsize=(7.2, 4.6), sharex=True, height_ratios=[1.4, 1])
    names = list(ranks)
    rank = {name: np.asarray(r, float) for name, r in ranks.items()}
    k = np.unique(np.geomspace(1, most, 120).round())
    first, second = (np.searchsorted(np.sort(rank[n]), k, side="right") / len(rank[n]) for n in names)
    for share, colour, dash in zip((first, second), COLOURS, DASHES, strict=False):
        sns.lineplot(x=k, y=share, ax=top, color=colour, linestyle=dash, lw=2)
    plain_legend(top, top.get_lines(), names, loc="upper left")
    each = (rank[names[0]][:, None] <= k).astype(np.float32) - (rank[names[1]][:, None] <= k)  # (n_users, n_k)
    draws = np.random.default_rng(0).multinomial(len(each), np.full(len(each), 1 / len(each)), size=300)
    low, high = np.percentile(draws.astype(np.float32) @ each / len(each), [2.5, 97.5], axis=0)
    below.fill_between(k, low, high, color=COLOURS[2], alpha=0.3, lw=0)
    sns.lineplot(x=k, y=first - second, ax=below, color=COLOURS[2], lw=2)
    below.axhline(0, color=INK, lw=0.8)
    for ax in (top, below):
        for place in marked:
            ax.axvline(place, color=INK, linestyle=":", lw=1.2)
    top.set(ylabel="share of viewers hit")
    below.set(xscale="log", xlim=(1, most), xlabel="places k", ylabel="ahead by")
    return top, below


def flips(means: ArrayLike, observed: float, ax: Axes | None = None) -> Axes:
    """What a mean difference would be if chance gave each sign, as a histogram, and the one that was observed.

    Args:
        means: ``(n,)`` mean differences with signs at random.
        observed: the mean difference; its mirror image is marked too.
    """
    ax = ax or plt.subplots(figsize=(6.4, 2.8))[1]
    means = np.asarray(means, float)
    beyond = np.abs(means) >= abs(observed) * (1 - 1e-9)
    seen = np.unique(means)
    gap = np.diff(seen).min() if len(seen) > 1 else 0.0
    width = (
        gap * max(1, round(np.ptp(means) / gap / 40)) if gap else None
    )  # whole steps, so that no bar has more of them than others
    frame = pd.DataFrame({"mean": means, "beyond": np.where(beyond, "at least as far", "nearer to 0")})
    sns.histplot(frame, x="mean", hue="beyond", hue_order=["nearer to 0", "at least as far"], legend=False,
                 binwidth=width,
                 palette=[COLOURS[0], COLOURS[1]], multiple="stack", edgecolor=INK, linewidth=0.3, ax=ax)  # fmt: skip
    for side in (-1, 1):
        ax.axvline(side * observed, color=COLOURS[1], linestyle=DASHES[1], lw=2)
    ax.set(xlabel="mean difference with signs at random", ylabel="of the draws")
    return ax
