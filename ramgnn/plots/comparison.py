"""Models compared: intervals, pairs, trials, grouped bars, and one film as several encoders see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from ramgnn.plots.looks import COLOURS, INK, MARKERS, plain_legend
from ramgnn.visible import visible

BEHIND, AHEAD = COLOURS[1], COLOURS[0]
# from one colour to the other by way of nothing, so that "no difference" has the ground of the page
DIVERGING = LinearSegmentedColormap.from_list(
    "ramgnn", [(0, to_rgba(BEHIND)), (0.5, to_rgba(BEHIND, 0)), (0.5, to_rgba(AHEAD, 0)), (1, to_rgba(AHEAD))]
)


def draws(means: Sequence[float], interval: tuple[float, float], ax: Axes | None = None) -> Axes:
    """Differences of means over users drawn again, a dot for each draw in piles, and the interval below.

    Args:
        means: ``(n_draws,)``; interval: low and high end.
        ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(7, 2.8))[1]
    values, times = np.unique(np.round(means, 3), return_counts=True)
    x, y = np.repeat(values, times), np.concatenate([np.arange(1, n + 1) for n in times])
    for mask, n, name in ((x < 0, 1, "B is ahead"), (x > 0, 0, "A is ahead")):
        ax.plot(x[mask], y[mask], MARKERS[n], color=COLOURS[n], markersize=8, label=f"{name} in {mask.sum()}")
    ax.plot(interval, [0, 0], color=INK, linewidth=3, marker="|", markersize=12, label="95 % interval")
    ax.axvline(0, color=INK, linewidth=1, linestyle=":")
    ax.set(xlabel="A less B, mean of the drawn viewers", ylabel="draws", ylim=(-0.8, max(times) + 0.8))
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=3)
    return ax


def trials(
    labels: Sequence[str],
    values: Sequence[Sequence[float]],
    chosen: Sequence[float],
    groups: Sequence[int] | None = None,
    xlabel: str = "NDCG@10 on validation",
    ax: Axes | None = None,
) -> Axes:
    """What each trial of a tuning gave, a row for each model: the first is a hollow square, the chosen one filled.

    Args:
        labels: ``(n,)``; values: ``(n,)`` lists, in the order of the trials; chosen: ``(n,)``.
        groups: ``(n,)`` from 0: colour of each row.
        xlabel: what was measured.
        ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(7.5, 0.9 + 0.27 * len(labels)))[1]
    groups = groups or [0] * len(labels)
    rows = np.repeat(np.arange(len(labels)), [len(v) for v in values])
    frame = pd.DataFrame({"row": rows, "value": np.concatenate([np.asarray(v, float) for v in values])})
    sns.stripplot(frame, x="value", y="row", hue="row", orient="y", palette=[COLOURS[g] for g in groups], size=4,
                  alpha=0.55, jitter=0.22, legend=False, ax=ax, native_scale=True,
                  rasterized=len(frame) > 200)  # fmt: skip
    first = [v[0] for v in values]
    ax.scatter(first, range(len(labels)), marker="s", s=62, facecolors="none", edgecolors=INK, linewidths=1.6, zorder=4)
    for row, (value, group) in enumerate(zip(chosen, groups, strict=True)):
        ax.plot(value, row, "D", color=COLOURS[group], markersize=8, markeredgecolor=INK, zorder=5)
    handles = [
        ax.plot([], [], mark, color=colour, markerfacecolor=face, markersize=size)[0]
        for mark, colour, face, size in (("o", INK, INK, 4), ("s", INK, "none", 8), ("D", INK, INK, 8))
    ]
    names = ("a trial", "the first: settings as published", "the best: chosen")
    plain_legend(ax, handles, names, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3)
    ax.set(xlabel=xlabel, ylabel="", ylim=(len(labels) - 0.4, -0.6))
    ax.set_yticks(range(len(labels)), [visible(x) for x in labels], parse_math=False)
    ax.grid(axis="x")
    return ax


def pair_matrix(
    labels: Sequence[str],
    differences: np.ndarray,
    told: np.ndarray,
    name: str = "NDCG@10",
    most: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Every model against every other: the row's metric less the column's as a colour, a dot where it is told apart.

    Args:
        labels: ``(n,)``, best first.
        differences: ``(n, n)`` row less column; told: ``(n, n)`` bool, beyond chance.
        name: of the metric; most: where the colours end; None: the largest difference.
        ax: where to draw.
    """
    n = len(labels)
    ax = ax or plt.subplots(figsize=(min(7.8, 2.6 + 0.32 * n), 1.7 + 0.29 * n))[1]
    most = most or float(np.abs(differences).max()) or 1.0
    names = [visible(x) for x in labels]
    bar = {"label": f"{name}, row less column", "shrink": 0.7, "extend": "both"}
    sns.heatmap(np.asarray(differences), mask=np.eye(n, dtype=bool), cmap=DIVERGING, vmin=-most, vmax=most,
                xticklabels=False, yticklabels=False, cbar_kws=bar, ax=ax)  # fmt: skip
    ax.collections[0].colorbar.outline.set_edgecolor(INK)
    row, column = np.nonzero(told)
    if len(row):
        ax.scatter(column + 0.5, row + 0.5, s=34, color="#ffffff", edgecolors="#1b1b1b", linewidths=1, zorder=3)
    for edge in range(n + 1):
        ax.axhline(edge, color=INK, linewidth=0.4, alpha=0.4)
        ax.axvline(edge, color=INK, linewidth=0.4, alpha=0.4)
    turned = {"rotation": 55, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(np.arange(n) + 0.5, names, parse_math=False, **turned)
    ax.set_yticks(np.arange(n) + 0.5, names, parse_math=False, rotation=0)
    ax.tick_params(length=0)
    return ax


def matrices(order: Sequence[str], pairs: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """Comparisons as two matrices: differences ``(n, n)``, row less column, and whether they are told apart."""
    place = {name: n for n, name in enumerate(order)}
    differences, told = np.zeros((len(order),) * 2), np.zeros((len(order),) * 2, bool)
    for c in pairs:
        a, b = place[c.a], place[c.b]
        differences[a, b], differences[b, a] = c.difference, -c.difference
        told[a, b] = told[b, a] = c.sign != 0
    return differences, told


def differences(
    labels: Sequence[str],
    columns: Mapping[str, Sequence],
    name: str = "NDCG@20, less Single",
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Differences with intervals, a panel for each data set; filled where told from zero, hollow where not.

    Args:
        labels: ``(n,)`` of the rows.
        columns: for each data set ``(n,)`` comparisons, with ``difference``, ``low``, ``high`` and ``sign``.
        name: of the axis; marks: for a data set, a difference to compare with, such as the paper's: a diamond on top.
    """
    size = 2.1 + 1.85 * len(columns), 1.1 + 0.32 * len(labels)
    figure, axes = plt.subplots(1, len(columns), figsize=size, sharey=True, squeeze=False)
    for ax, (title, each) in zip(axes[0], columns.items(), strict=True):
        for row, c in enumerate(each):
            colour = INK if not c.sign else AHEAD if c.sign > 0 else BEHIND
            ax.plot([c.low, c.high], [row, row], color=colour, linewidth=2)
            ax.plot(c.difference, row, "o", color=colour, markerfacecolor=colour if c.sign else "none", markersize=7)
        if marks and title in marks:
            ax.plot(marks[title], -0.9, "D", color=INK, markerfacecolor="none", markersize=7)
        ax.axvline(0, color=INK, linestyle=":", linewidth=1)
        ax.set_title(visible(title), parse_math=False)
        ax.xaxis.get_major_locator().set_params(nbins=4)
        ax.grid(axis="x")
        ax.set_ylim(len(labels) - 0.4, -1.5)
    axes[0, 0].set_yticks(range(len(labels)), [visible(x) for x in labels], parse_math=False)
    figure.supxlabel(name, color=INK, fontsize=11)
    return figure


def grouped_bars(
    drawn: Mapping[str, Mapping[str, np.ndarray]],
    printed: Mapping[tuple[str, str], float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Bars of several models side by side for each metric, with 95 % intervals and a paper's values as diamonds.

    Args:
        drawn: for each model, for each metric ``(n_draws,)``: the metric with users and seeds drawn again.
        printed: what the paper prints for ``(model, metric)``.
        ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(7.8, 3.8))[1]
    models, metrics = list(drawn), list(next(iter(drawn.values())))
    frame = pd.DataFrame(
        [(m, model, float(x)) for model, of in drawn.items() for m, values in of.items() for x in values],
        columns=["metric", "model", "value"],
    )
    sns.barplot(frame, x="metric", y="value", hue="model", order=metrics, hue_order=models, errorbar=("pi", 95),
                palette=COLOURS[: len(models)], saturation=1, capsize=0.15, width=0.8, n_boot=0, ax=ax, legend=False,
                err_kws={"color": INK, "linewidth": 2})  # fmt: skip
    bars = {model: group for model, group in zip(models, ax.containers, strict=False)}
    for model, group in bars.items():
        for bar, metric in zip(group, metrics, strict=True):
            bar.set(hatch="" if model == models[-1] else ("//", "..", "\\\\", "xx")[models.index(model) % 4])
            bar.set(edgecolor=INK, facecolor=to_rgba(bar.get_facecolor(), 0.45))
            value = (printed or {}).get((model, metric))
            if value is not None:
                ax.plot(bar.get_x() + bar.get_width() / 2, value, "D", color=INK, markerfacecolor="#ffffff",
                        markeredgewidth=1.5, markersize=8, zorder=6)  # fmt: skip
    handles, names = [group[0] for group in bars.values()], list(models)
    if printed:
        handles.append(ax.plot([], [], "D", color=INK, markerfacecolor="#ffffff", markeredgewidth=1.5, markersize=8)[0])
        names.append("the paper's")
    wide = ax.get_window_extent().width > 5 * ax.figure.dpi
    plain_legend(ax, handles, names, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=5 if wide else 2)
    ax.set(xlabel="", ylabel="")
    ax.grid(axis="y")
    return ax


def promises(
    panels: Mapping[str, pd.DataFrame], xlabel: str = "validation, chosen trial", ylabel: str = "test, mean of runs"
) -> Figure:
    """What validation promised against what test gave, a panel each, with Spearman's correlation in its title.

    Args:
        panels: frames with columns ``validation`` and ``test``, a row for each model; the index names it.
        xlabel, ylabel: of the axes.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(3.8 * len(panels), 3.4), squeeze=False)
    for n, (ax, (title, frame)) in enumerate(zip(axes[0], panels.items(), strict=True)):
        sns.scatterplot(frame, x="validation", y="test", color=COLOURS[n], marker=MARKERS[n], s=55, ax=ax,
                        edgecolor="none")  # fmt: skip
        for where, label in ((frame["validation"].idxmax(), "promised most"), (frame["test"].idxmax(), "gave most")):
            x, y = frame.loc[where, ["validation", "test"]]
            up = label == "gave most"
            ax.annotate(f"{visible(where)}:\n{label}", (x, y), xytext=(0, 9 if up else -52), fontsize=8.5, ha="center",
                        textcoords="offset points", va="bottom" if up else "top", parse_math=False,
                        arrowprops=None if up else {"arrowstyle": "-", "color": INK})  # fmt: skip
        rho = frame["validation"].corr(frame["test"], method="spearman")
        ax.set_title(visible(f"{title}: Spearman {rho:+.2f}"), parse_math=False)
        ax.set(xlabel=xlabel, ylabel=ylabel if n == 0 else "")
        ax.margins(0.25, 0.45)
        ax.grid(True)
    return figure


PLACES = {"A": (0.0, 0.0), "B": (-1.0, 0.75), "C": (1.0, 0.75), "D": (1.0, -0.75)}


def encoders(
    panels: Mapping[str, tuple[Mapping[str, tuple[float, str]], str]], types: Mapping[str, int] | None = None
) -> Figure:
    """One film and what several encoders hear of its neighbours: arrows as thick as weights, with what is done.

    Args:
        panels: for each encoder, for each neighbour its weight and what stands before its vector, and the result.
        types: number of the relation type by which each neighbour is joined, which is its colour; B by 1, others 0.
    """
    types = types or {"B": 1}
    columns = 3
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(7.8, 2.75 * rows), squeeze=False)
    for ax in axes.flat:
        ax.set(xlim=(-1.85, 1.85), ylim=(-1.25, 1.2))
        ax.set_axis_off()
    for ax, (title, (heard, result)) in zip(axes.flat, panels.items(), strict=False):
        ax.set_title(visible(title), parse_math=False, fontsize=11)
        for film, (x, y) in PLACES.items():
            if film != "A":
                weight, word = heard.get(film, (0.0, "not heard"))
                colour = COLOURS[types.get(film, 0)] if weight else INK
                arrow = FancyArrowPatch((x * 0.84, y * 0.84), (x * 0.22, y * 0.22), color=colour, alpha=1.0, lw=0,
                                        arrowstyle=f"simple,tail_width={1 + 9 * weight:.2f},head_width="
                                        f"{5 + 12 * weight:.2f},head_length=8")  # fmt: skip
                if weight:
                    ax.add_patch(arrow)
                else:
                    ax.plot([x * 0.8, x * 0.2], [y * 0.8, y * 0.2], ":", color=INK, linewidth=1.2)
                up = y > 0
                ax.text(x, y + (0.24 if up else -0.24), visible(word), ha="center", va="bottom" if up else "top",
                        fontsize=8.5, parse_math=False)  # fmt: skip
            ax.text(x, y, film, ha="center", va="center", fontsize=10, color="#1b1b1b", zorder=5,
                    bbox={"boxstyle": "circle,pad=0.25", "facecolor": "#dce6ee", "edgecolor": INK})  # fmt: skip
        ax.text(-0.35, -0.75, visible(result), ha="center", va="center", fontsize=10.5, parse_math=False)
    return figure


def runs(frame: pd.DataFrame, value: str, row: str, hue: str, ax: Axes | None = None) -> Axes:
    """Single trainings as marks and their means as strokes, a row for each variant, a colour for each data set.

    Args:
        frame: one line for each training, with columns `value`, `row` and `hue`.
        ax: where to draw.
    """
    names, groups = list(frame[row].unique()), list(frame[hue].unique())
    ax = ax or plt.subplots(figsize=(7, 1.4 + 0.55 * len(names)))[1]
    for n, group in enumerate(groups):
        each = frame[frame[hue] == group]
        at = 0.18 * (2 * n - len(groups) + 1)
        places = each[row].map(names.index) + at
        ax.plot(each[value], places, MARKERS[n], color=COLOURS[n], markersize=7, alpha=0.8, label=group)
        means = each.groupby(row)[value].mean()
        ax.vlines(means[names], np.arange(len(names)) + at - 0.14, np.arange(len(names)) + at + 0.14, COLOURS[n], lw=3)
    ax.set_yticks(range(len(names)), [visible(x) for x in names], parse_math=False)
    ax.set(xlabel=value, ylim=(len(names) - 0.5, -0.5))
    handles, labels = ax.get_legend_handles_labels()
    plain_legend(ax, handles, labels, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=len(groups))
    ax.grid(axis="x")
    return ax
