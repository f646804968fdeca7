"""How large graphs are and what they cost: edges against incidences, windows on a line, time and memory, growth."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ramgnn.plots.looks import COLOURS, DASHES, INK, MARKERS, plain_legend
from ramgnn.visible import visible


def edges_against_incidences(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Graphs by how much is stored and how much it stands for, both axes logarithmic, with lines of equal ratio.

    Args:
        table: ``(graphs, [incidences, edges, kind])``; a kind has a colour and a marker of its own.
        ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(7.5, 4))[1]
    kinds = list(dict.fromkeys(table["kind"]))
    sns.scatterplot(table, x="incidences", y="edges", hue="kind", style="kind", hue_order=kinds, style_order=kinds,
                    palette=list(COLOURS[: len(kinds)]), markers=list(MARKERS[: len(kinds)]), s=75, linewidth=0,
                    ax=ax, legend=False, zorder=3)  # fmt: skip
    ax.set(xscale="log", yscale="log", ylabel="edges")
    low, high = table["incidences"].min() * 0.6, table["incidences"].max() * 1.8
    bottom, top = table["edges"].min() * 0.25, table["edges"].max() * 3
    for ratio, along, side in ((100, 0.7, "top"), (10_000, 0.04, "bottom")):
        ax.plot([low, high], [low * ratio, high * ratio], color=INK, linestyle=DASHES[2], linewidth=1, zorder=1)
        x = low * (high / low) ** along
        y = x * ratio * (2.8 if side == "bottom" else 0.7)
        ax.text(x, y, f"{ratio:,} edges each", ha="left", va=side, fontsize=9)
    ax.set(xlim=(low, high), ylim=(bottom, top))
    points = [plt.Line2D([], [], color=COLOURS[n], marker=MARKERS[n], linestyle="none", markersize=8)
              for n in range(len(kinds))]  # fmt: skip
    plain_legend(ax, points, kinds, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.grid(True)
    return ax


def window(ax: Axes, line: Sequence[float], here: int, low: int, high: int) -> Axes:
    """Places on a line, one of them as a diamond, and the window around it.

    Args:
        ax: where to draw.
        line: ``(n,)`` ascending scores.
        here: whose window it is; low, high: its first and last place, both included.
    """
    line = np.asarray(line, float)
    ax.axhline(0, color=INK, linewidth=0.8, zorder=0)
    ax.axvspan(line[low], line[high], color=COLOURS[0], alpha=0.2, linewidth=0)
    inside, outside = np.delete(line[low : high + 1], here - low), np.delete(line, range(low, high + 1))
    ax.plot(outside, 0 * outside, "|", color=INK, markersize=10)
    ax.plot(inside, 0 * inside, "o", color=COLOURS[0], markersize=5)
    ax.plot(line[here], 0, "D", color=COLOURS[1], markersize=7)
    ax.set(xlabel="score", yticks=[], ylim=(-1, 1))
    ax.spines["left"].set_visible(False)
    return ax


def sliding(spans: Sequence[tuple[int, int]], first: int = 0, ax: Axes | None = None) -> Axes:
    """Windows of heads one below the other: what each shares with the one before, what enters and what leaves.

    Args:
        spans: ``(n,)`` first and last place of each window, both included, in the order of their heads.
        first: the place of the first head; a dot marks each head in its window.
        ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(7.5, 0.8 + 0.3 * len(spans)))[1]
    looks = {"stays": (COLOURS[0], "s", 0.35), "enters": (COLOURS[0], "s", 1.0), "leaves": (COLOURS[1], "x", 1.0)}
    places = {what: ([], []) for what in looks}
    before: set[int] = set()
    for y, (low, high) in enumerate(spans):
        here = set(range(low, high + 1))
        before = before if y else here  # nothing comes before the first
        for what, found in {"stays": here & before, "enters": here - before, "leaves": before - here}.items():
            places[what][0].extend(found)
            places[what][1].extend([y] * len(found))
        before = here
    for what, (x, y) in places.items():
        colour, marker, alpha = looks[what]
        ax.plot(x, y, marker, color=colour, alpha=alpha, markersize=8, label=what)
    ax.plot(range(first, first + len(spans)), range(len(spans)), "o", color=INK, markersize=3)
    ax.set(xlabel="place on the line", ylabel="head", ylim=(len(spans) - 0.5, -0.5))
    ax.set_yticks(range(len(spans)), [str(first + y) for y in range(len(spans))])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    plain_legend(ax, ax.get_lines()[: len(looks)], list(looks), loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def against_thresholds(runs: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Seconds of an epoch against the threshold k, which is on a logarithmic axis: a line with its runs for each way.

    Args:
        runs: ``(runs, [k, seconds, way])``.
        ax: where to draw.
    """
    ax = ax or plt.subplots(figsize=(6, 3.2))[1]
    ways = list(dict.fromkeys(runs["way"]))
    for n, way in enumerate(ways):
        own = runs[runs["way"] == way]
        middle = own.groupby("k")["seconds"].median()
        ax.plot(own["k"], own["seconds"], "o", color=COLOURS[n], markersize=3, alpha=0.6)
        ax.plot(middle.index, middle, color=COLOURS[n], marker=MARKERS[n], linestyle=DASHES[n], label=way)
    ax.set(xscale="log", xlabel="k, the threshold of each type", ylabel="seconds for an epoch", ylim=(0, None))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.grid(True)
    plain_legend(ax, [line for line in ax.get_lines() if line.get_label() in ways], ways, loc="upper left")
    return ax


def bars(table: pd.DataFrame, panels: dict[str, str], computed: Sequence[str] = ()) -> Figure:
    """Costs as bars on logarithmic axes, a panel for each kind of cost, each bar with its number.

    Args:
        table: ``(rows, panels)``, NaN where something was never run; the index says which row it is.
        panels: what stands under each column, and how its numbers are written.
        computed: rows that were computed and not measured: hollow bars.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(8, 0.9 + 0.42 * len(table)), sharey=True)
    ours = ["ours" in str(row) for row in table.index]
    colours = [COLOURS[0] if own else COLOURS[1] for own in ours]
    for ax, (name, form) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        values = table[name].to_numpy(float)
        low, high = np.nanmin(values) / 3, np.nanmax(values) * 8
        for y, (row, value, colour) in enumerate(zip(table.index, values, colours, strict=True)):
            if not np.isfinite(value):
                ax.text(low * 1.1, y, "not run", va="center", fontsize=9.5)
                continue
            hollow = row in computed
            ax.barh(y, value - low, left=low, height=0.6, color="none" if hollow else colour, edgecolor=colour,
                    linestyle="--" if hollow else "-")  # fmt: skip
            ax.text(value * 1.15, y, form.format(value), va="center", fontsize=9.5)
        ax.set(xscale="log", xlim=(low, high), xlabel=name)
        ax.set_yticks(range(len(table)), [visible(str(row)) for row in table.index], parse_math=False)
        ax.set_ylim(len(table) - 0.5, -0.5)
        ax.grid(axis="x")
    return figure


def growth(curve: pd.DataFrame, measures: dict[str, str], x: str = "incidences") -> Figure:
    """Measures against the size of a graph, a panel for each and a line for each wiring.

    Args:
        curve: ``(runs, …)`` with `x`, ``wiring`` and the measures.
        measures: by column, what stands at its axis; one that begins with "log " has a logarithmic axis.
        x: the column of sizes, shown in millions.
    """
    figure, axes = plt.subplots(1, len(measures), figsize=(7.5, 3))
    wirings = list(dict.fromkeys(curve["wiring"]))
    for ax, (name, label) in zip(np.atleast_1d(axes), measures.items(), strict=True):
        for n, wiring in enumerate(wirings):
            own = curve[curve["wiring"] == wiring].sort_values(x)
            ax.plot(own[x] / 1e6, own[name], color=COLOURS[n], marker=MARKERS[n], linestyle=DASHES[n], label=wiring)
        ax.set(xlabel=f"million {x}", ylabel=label.removeprefix("log "))
        if label.startswith("log "):
            ax.set_yscale("log")
        else:
            ax.set_ylim(0, None)
        ax.grid(True)
    last = np.atleast_1d(axes)[-1]
    plain_legend(last, last.get_lines(), wirings, loc="best")
    return figure
