"""One score taken apart, what a loss does to scores, and trainings from several starts with their spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ramgnn.plots.looks import COLOURS, DASHES, INK, MARKERS, plain_legend
from ramgnn.visible import visible

HATCHES = ("", "//", "..", "xx")


def waterfall(
    parts: pd.DataFrame,
    most: int | None = None,
    total: str = "score",
    label: str = "score so far",
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """A sum, term by term: each bar begins where the one above it ends, the last one is the whole.

    Args:
        parts: ``(n, kinds)``, its index the names of the terms from top to bottom; a term can be of several kinds,
            drawn one after the other, and the columns name them.
        most: so many rows after the first are shown, those with the largest sums, and what is left in one row.
        total: name of the last bar; label: of the horizontal axis.
        legend: whether the kinds are named.
    """
    if most is not None and len(parts) > most + 2:
        rest = parts.iloc[1:]
        order = rest.sum(axis=1).abs().sort_values(ascending=False).index
        few = rest.loc[[x for x in rest.index if x in set(order[:most])]]
        left = rest.loc[order[most:]].sum().rename(f"{len(rest) - most} others").to_frame().T
        parts = pd.concat([parts.iloc[:1], few, left])
    ax = ax or plt.subplots(figsize=(7.8, 0.9 + 0.3 * len(parts)))[1]
    end, handles = 0.0, {}
    for row, values in enumerate(parts.to_numpy(float)):
        begin = end
        for kind, value in enumerate(values):
            if value:
                look = {"color": COLOURS[kind], "hatch": HATCHES[kind], "edgecolor": "#ffffff", "linewidth": 0}
                handles[kind] = ax.barh(row, value, left=end, height=0.68, **look)
                end += value
        ax.plot([end, end], [row, row + 1], color=INK, lw=0.8)
        side = max(begin, end)
        ax.text(side, row, f" {end - begin:+.2f}".replace("-", "−"), va="center", fontsize=8.5, color=INK)
    ax.barh(len(parts), end, height=0.68, color=INK)
    ax.text(max(end, 0), len(parts), f" {end:.2f}".replace("-", "−"), va="center", fontsize=9, color=INK, weight="bold")
    ax.set_yticks(range(len(parts) + 1), [visible(str(x)) for x in [*parts.index, total]], parse_math=False)
    ax.axvline(0, color=INK, lw=1)
    ax.margins(x=0.12)
    ax.set(xlabel=label, ylim=(len(parts) + 0.6, -0.6))
    if legend and len(handles) > 1:
        kinds = sorted(handles)
        plain_legend(ax, [handles[k] for k in kinds], [parts.columns[k] for k in kinds], loc="upper right", fontsize=9)
    return ax


def left_out(parts: pd.Series, falls: pd.Series, ax: Axes | None = None) -> Axes:
    """The part of each term, and how far the score falls without it: two marks in a row, joined by a line.

    Args:
        parts: ``(n,)``, its index the names, drawn from the largest down; falls: ``(n,)`` with the same index.
    """
    ax = ax or plt.subplots(figsize=(7.6, 0.8 + 0.27 * len(parts)))[1]
    order = parts.sort_values(ascending=False).index
    rows = np.arange(len(order))
    ax.hlines(rows, falls[order], parts[order], color=INK, lw=1.2)
    ax.plot(parts[order], rows, "o", color=COLOURS[0], ms=7, label="its part of the score")
    ax.plot(falls[order], rows, "D", color=COLOURS[1], ms=6, label="fall when it is left out")
    ax.axvline(0, color=INK, lw=1)
    ax.set_yticks(rows, [visible(str(x)) for x in order], parse_math=False)
    ax.set(xlabel="score", ylim=(len(order) - 0.4, -0.6))
    ax.legend(loc="lower right", fontsize=9)
    return ax


def descents(found: Mapping[str, pd.DataFrame], label: str = "mean score") -> Figure:
    """What walking downhill on each loss does to the scores, a panel for each loss.

    Args:
        found: by name of the loss, a frame over steps (its index) with a column for each group of pairs.
    """
    size = min(8, 3.6 * len(found) + 0.6), 2.9
    figure, axes = plt.subplots(1, len(found), figsize=size, sharey=True, squeeze=False)
    for ax, (name, frame) in zip(axes[0], found.items(), strict=True):
        for n, column in enumerate(frame):
            sns.lineplot(x=frame.index, y=frame[column], color=COLOURS[n], linestyle=DASHES[n], lw=2.2, ax=ax)
        ax.axhline(0, color=INK, lw=0.8)
        ax.set(title=name, xlabel="steps downhill", ylabel=label, xscale="symlog")
        ax.set_xlim(0, frame.index[-1])
    plain_legend(ax, ax.lines[: frame.shape[1]], list(frame), loc="upper left", handlelength=3)
    return figure


def by_start(runs: pd.DataFrame, measure: str, line: tuple[float, str] | None = None, ax: Axes | None = None) -> Axes:
    """A measure over epochs, a line for each start: the mean over seeds, and a band from the lowest to the highest.

    Args:
        runs: a row for each start, seed and epoch, with columns ``start``, ``seed``, ``epoch`` and `measure`.
        line: a level to compare with, and its name.
    """
    ax = ax or plt.subplots(figsize=(7.4, 3.5))[1]
    names = list(dict.fromkeys(runs["start"]))
    for n, name in enumerate(names):
        own = runs[runs["start"] == name]
        look = {"color": COLOURS[n], "linestyle": DASHES[n], "marker": MARKERS[n], "markersize": 5, "lw": 2}
        sns.lineplot(own, x="epoch", y=measure, errorbar=("pi", 100), err_kws={"alpha": 0.2, "lw": 0}, ax=ax,
                     markeredgewidth=0, **look)  # fmt: skip
    handles = [ax.lines[n] for n in range(len(names))]
    if line is not None:
        handles.append(ax.axhline(line[0], color=INK, linestyle=":"))
        names.append(line[1])
    ax.set(xlabel="epoch", ylabel=f"{measure}, validation", ylim=(0, 1.08 * ax.dataLim.y1))
    plain_legend(ax, handles, names, loc="lower right", handlelength=3.2)
    return ax


def differences(
    runs: pd.DataFrame, measure: str, against: Sequence[str], of: str = "pre-trained", ax: Axes | None = None
) -> Axes:
    """Paired differences of each seed, one start less another, a column for each of the others.

    Dots are seeds; a mark is their mean, with a 95 % interval by Student's t.

    Args:
        runs: a row for each start and seed, with columns ``start``, ``seed`` and `measure`.
        against: the starts that `of` is compared with.
    """
    ax = ax or plt.subplots(figsize=(4.2, 3.2))[1]
    table = runs.pivot(index="seed", columns="start", values=measure)
    gaps = pd.DataFrame({name: table[of] - table[name] for name in against})
    long = gaps.melt(var_name="start", value_name="difference")
    sns.stripplot(long, x="start", y="difference", hue="start", palette=list(COLOURS[1 : 1 + len(against)]), size=6,
                  jitter=0.12, legend=False, ax=ax)  # fmt: skip
    for n, name in enumerate(against):
        mean, half = mean_and_half(gaps[name])
        ax.errorbar(n + 0.28, mean, half, fmt="D", ms=7, color=COLOURS[1 + n], capsize=4, lw=2)
    ax.axhline(0, color=INK, lw=1)
    ax.set_xticks(range(len(against)), [f"less {visible(name)}" for name in against], parse_math=False)
    ax.set(xlabel="", ylabel=f"difference in {measure}")
    return ax


def mean_and_half(values: ArrayLike) -> tuple[float, float]:
    """The mean of ``(n,)`` values and half the width of its 95 % interval by Student's t; NaN for a single one."""
    from scipy.stats import t

    x = np.asarray(values, float)
    half = t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)) if len(x) > 1 else np.nan
    return float(x.mean()), float(half)


def follows(ax: Axes, viewers: ArrayLike, scores: ArrayLike) -> float:
    """Each film's mean score against the root of its number of viewers; returns their correlation.

    Args:
        viewers: ``(n,)`` counts; scores: ``(n,)``.
    """
    x, y = np.sqrt(np.asarray(viewers, float)), np.asarray(scores, float)
    r = float(np.corrcoef(x, y)[0, 1])
    ax.plot(x, y, ".", color=COLOURS[0], ms=3, alpha=0.6, rasterized=True)
    ax.annotate(f"correlation {r:.2f}".replace("-", "−"), (0.04, 0.92), xycoords="axes fraction", color=INK, fontsize=9)
    ax.set(xlabel="√ number of viewers", ylabel="mean score")
    return r
