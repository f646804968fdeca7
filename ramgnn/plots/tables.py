"""What tables hold, which of their groups join everybody, and how a recommender treats readers and authors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from ramgnn.plots.looks import COLOURS, INK, MARKERS, plain_legend
from ramgnn.visible import visible

KINDS = {"shared": COLOURS[0], "alone": COLOURS[4], "a word for nothing": COLOURS[1], "empty": INK}


def held(columns: Mapping[str, Sequence[str]], nothing: Sequence[str] = ("unknown", "0")) -> pd.DataFrame:
    """What the cells of each column hold, as shares of its rows.

    Args:
        columns: name of a column and its cells as text.
        nothing: words that say that nothing is known.

    Returns:
        A row for each column: ``shared``, a value that another row has as well; ``alone``, one that no other row has;
        ``a word for nothing``; ``empty``.
    """
    rows = {}
    for name, cells in columns.items():
        cells = pd.Series(list(cells), dtype=object).astype(str).str.strip()
        empty, word = cells == "", cells.isin(nothing)
        alone = cells.map(cells.value_counts()).eq(1) & ~empty & ~word
        rows[name] = [(~empty & ~word & ~alone).mean(), alone.mean(), word.mean(), empty.mean()]
    return pd.DataFrame(rows, index=list(KINDS)).T


def held_bars(shares: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """`held` as one bar for each column of a table, from the top."""
    ax = ax or plt.subplots(figsize=(7.5, 1 + 0.3 * len(shares)))[1]
    left = np.zeros(len(shares))
    for kind, colour in KINDS.items():
        width = 100 * shares[kind].to_numpy()
        hatch = {"alone": "//", "a word for nothing": "xx"}.get(kind)
        ax.barh(range(len(shares)), width, left=left, color=colour, label=kind, height=0.7, hatch=hatch,
                edgecolor=(1, 1, 1, 0.5), linewidth=0)  # fmt: skip
        left = left + width
    ax.set_yticks(range(len(shares)), [visible(x) for x in shares.index], parse_math=False)
    ax.set(xlabel="% of the rows", xlim=(0, 100), ylim=(len(shares) - 0.5, -0.5))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -1.7 / len(shares)), ncols=4)
    return ax


def largest_groups(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """The largest group of each relation type: its share of the nodes, and its share of the type's edges.

    Args:
        table: indexed by type, with the columns ``largest``, ``of the nodes`` and ``of the edges``.
    """
    ax = ax or plt.subplots(figsize=(6.5, 1 + 0.32 * len(table)))[1]
    rows = range(len(table))
    nodes, edges = 100 * table["of the nodes"].to_numpy(float), 100 * table["of the edges"].to_numpy(float)
    ax.hlines(rows, np.minimum(nodes, edges), np.maximum(nodes, edges), color=INK, linewidth=1.2)
    ax.plot(nodes, rows, MARKERS[0], color=COLOURS[0], markerfacecolor="none", label="of the nodes")
    ax.plot(edges, rows, MARKERS[1], color=COLOURS[1], label="of the edges")
    names = [visible(f"{kind}: {value}") for kind, value in zip(table.index, table["largest"], strict=True)]
    ax.set_yticks(rows, names, parse_math=False)
    ax.set(xlabel="share of the largest group, %", xlim=(-2, 103), ylim=(len(table) - 0.5, -0.5))
    ax.grid(True, axis="x")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -1.6 / len(table)), ncols=2)
    return ax


def ratios(values: Mapping[str, float], most: float | None = None, ax: Axes | None = None) -> Axes:
    """How often more those who share a value have something in common than any two: bars that start at 1."""
    ax = ax or plt.subplots(figsize=(4, 2.6))[1]
    names, heights = list(values), np.array([values[name] for name in values], float)
    ax.barh(range(len(names)), heights - 1, left=1, color=COLOURS[0], height=0.65)
    for row, x in enumerate(heights):
        ax.text(max(x, 1) + 0.08, row, f"{x:.2f}", color=INK, fontsize=9, va="center")
    ax.axvline(1, color=INK, linewidth=1)
    ax.set_yticks(range(len(names)), [visible(x) for x in names], parse_math=False)
    ax.set(xlabel="overlap over that of any two", ylim=(len(names) - 0.5, -0.5), xlim=(0.5, most))
    return ax


def seeds(
    frame: pd.DataFrame, x: str, row: str, label: str, marks: Mapping[str, float] | None = None, ax: Axes | None = None
) -> Axes:
    """One dot for each run and a bar at their mean, a row for each kind of model.

    Args:
        frame: a line for each run; x: the column that is drawn; row: the column that names the kind.
        label: of the axis.
        marks: lines to compare with, by name.
    """
    names = frame[row].drop_duplicates().tolist()
    ax = ax or plt.subplots(figsize=(7, 0.9 + 0.36 * len(names)))[1]
    at = frame[row].map(names.index)
    sns.scatterplot(x=frame[x], y=at, ax=ax, color=COLOURS[0], s=36, linewidth=0, alpha=0.8, legend=False)
    means = frame.groupby(row, sort=False)[x].mean()
    ax.plot([means[name] for name in names], range(len(names)), "|", color=COLOURS[1], markersize=16, markeredgewidth=2)
    for n, (name, value) in enumerate((marks or {}).items()):
        ax.axvline(value, color=INK, linestyle=("--", ":")[n % 2], label=visible(name))
    if marks:
        lines = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
        plain_legend(ax, lines, list(marks), loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set_yticks(range(len(names)), [visible(name) for name in names], parse_math=False)
    ax.set(xlabel=label, ylabel="", ylim=(len(names) - 0.5, -0.5))
    ax.grid(True, axis="x")
    return ax


def served(curves: pd.DataFrame, chance: float, label: str = "", ax: Axes | None = None) -> Axes:
    """How well newcomers are served, over how much is known of them; a line for each model, chance dashed.

    Args:
        curves: indexed by the number of things known, a column for each model; values are shares.
    """
    ax = ax or plt.subplots(figsize=(7.5, 3))[1]
    for n, (name, values) in enumerate(curves.items()):
        sns.lineplot(x=curves.index, y=values.to_numpy(), color=COLOURS[n], marker=MARKERS[n], markeredgewidth=0, ax=ax,
                     label=visible(name), legend=False)  # fmt: skip
    ax.axhline(chance, color=INK, linestyle="--", label="chance")
    ax.set(xlabel=curves.index.name or "", ylabel=label, ylim=(0, 1), xticks=list(curves.index))
    ax.grid(True, axis="y")
    plain_legend(ax, ax.get_lines(), [*curves.columns, "chance"], loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def concentration(given: Mapping[str, float], fair: float, ax: Axes | None = None) -> Axes:
    """The share of all places that a few get, a bar for each model, and what they have of the loans as a line."""
    ax = ax or plt.subplots(figsize=(4, 2.2))[1]
    sns.barplot(x=[100 * x for x in given.values()], y=list(range(len(given))), orient="h", color=COLOURS[0], ax=ax)
    ax.axvline(100 * fair, color=INK, linestyle="--")
    ax.set_yticks(range(len(given)), [visible(name) for name in given], parse_math=False)
    ax.set(xlabel="share of the places, %", ylabel="", xlim=(0, 100))
    return ax


def shares(
    names: Sequence[str], given: Sequence[float], intervals: Sequence[tuple[float, float]], fair: Sequence[float],
    label: str = "", ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Shares of what is recommended with their intervals, a row each, beside the shares of what was borrowed.

    Args:
        names: ``(n,)``; given: ``(n,)``; intervals: ``(n, 2)``; fair: ``(n,)``, hollow diamonds.
    """
    ax = ax or plt.subplots(figsize=(7, 0.9 + 0.34 * len(names)))[1]
    for row, (value, (low, high), loans) in enumerate(zip(given, intervals, fair, strict=True)):
        colour = COLOURS[0] if low <= loans <= high else COLOURS[1]
        ax.plot([100 * low, 100 * high], [row, row], color=colour, linewidth=2, solid_capstyle="butt")
        ax.plot(100 * value, row, MARKERS[0] if colour == COLOURS[0] else MARKERS[1], color=colour)
    (fair_marks,) = ax.plot(100 * np.asarray(fair), range(len(names)), MARKERS[3], color=INK, markerfacecolor="none",
                            markersize=8)  # fmt: skip
    plain_legend(ax, [fair_marks], ["share of the loans"], loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set_yticks(range(len(names)), [visible(name) for name in names], parse_math=False)
    ax.set(xlabel=label, xlim=(0, None), ylim=(len(names) - 0.5, -0.5))
    ax.grid(True, axis="x")
    return ax
