"""Compositions as pictures: three messages, what relations cost, the matrices behind them, and what a sum keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import Rectangle

from ramgnn.plots.looks import COLOURS, DASHES, INK, MARKERS
from ramgnn.visible import visible

DARK = "#161616"  # letters on a coloured cell
PALE = tuple(0.55 + 0.45 * np.array(to_rgb(c)) for c in COLOURS)  # cells that dark letters are read on
BALANCE = LinearSegmentedColormap.from_list("balance", [COLOURS[1], "#f4f4f4", COLOURS[0]])  # minus, nothing, plus


def rows_of_numbers(
    rows: Sequence[Sequence[float]], names: Sequence[str], ax: Axes | None = None, highest: float | None = None
) -> Axes:
    """Vectors under each other, a coloured cell for each number: blue above zero, orange below.

    Args:
        rows: ``(n, d)``; names: ``(n,)`` of the rows.
        highest: the absolute value that has the full colour; None for the largest.
    """
    table = np.array([np.asarray(row, float) for row in rows]) + 0.0  # no -0
    ax = ax or plt.subplots(figsize=(0.6 * table.shape[1] + 1.5, 0.55 * len(table)))[1]
    at = highest or float(np.abs(table).max()) or 1.0
    whole = bool(np.all(table == table.round()))
    sns.heatmap(table, ax=ax, cmap=BALANCE, vmin=-at, vmax=at, cbar=False, annot=True, fmt=".0f" if whole else ".1f",
                linewidths=1.5, linecolor=INK, xticklabels=False, yticklabels=False)  # fmt: skip
    ax.set_yticks(np.arange(len(table)) + 0.5, [visible(name) for name in names], rotation=0, parse_math=False)
    ax.tick_params(length=0)
    return ax


def circulant(neighbour: Sequence[float], relation: Sequence[float]) -> np.ndarray:
    """Under ``mult`` and ``corr`` a message is a matrix times the neighbour; each colour is one entry of the relation.

    Args:
        neighbour, relation: ``(d,)``, d up to six.

    Returns:
        the two axes, ``(2,)``.
    """
    d = len(relation)
    figure, axes = plt.subplots(1, 2, figsize=(8, 0.42 * d + 1.0))
    places = np.arange(d)
    entry = {"mult": np.where(np.eye(d, dtype=bool), places, -1), "corr": (places[:, None] + places) % d}
    for ax, (operator, own) in zip(axes, entry.items(), strict=True):
        matrix = np.where(own >= 0, np.asarray(relation, float)[own], 0.0)
        message = matrix @ np.asarray(neighbour, float)
        for k, row in enumerate(own):
            for i, n in enumerate(row):
                _cell(ax, i, k, matrix[k, i], PALE[n] if n >= 0 else "none")
            _cell(ax, d + 1, k, neighbour[k], "none")
            _cell(ax, d + 3, k, message[k], "none")
        for x, sign in ((d, "×"), (d + 2, "=")):
            ax.text(x + 0.5, d / 2, sign, ha="center", va="center", fontsize=14)
        ax.text(d + 1.5, d + 0.2, "neighbour", ha="center", va="top", fontsize=9)
        ax.text(d + 3.5, d + 0.2, "message", ha="center", va="top", fontsize=9)
        ax.set(xlim=(-0.1, d + 4.1), ylim=(d + 0.6, -0.1), title=operator, aspect="equal")
        ax.set_axis_off()
    return axes


def _cell(ax: Axes, x: float, y: float, number: float, colour: object) -> None:
    """A square with its number."""
    ax.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor=INK, linewidth=1))
    bare = isinstance(colour, str)
    ax.text(x + 0.5, y + 0.5, f"{number + 0.0:g}", ha="center", va="center", color=INK if bare else DARK,
            fontweight="normal" if bare else "bold")  # fmt: skip


def costs(n_types: int, n_values: int, dims: Sequence[int] = (8, 16, 32, 64, 128, 256, 512, 1024)) -> Axes:
    """How many numbers relations cost at each dimension: matrices and vectors, for each type and for each value."""
    d = np.asarray(dims, float)
    ways = {
        "a matrix for each value": n_values * d * d,
        "a vector for each value (RAM-GNN)": (n_types + n_values) * d / 2,
        "a matrix for each type (R-GCN)": n_types * d * d,
        "a vector for each type": n_types * d,
    }
    ax = plt.subplots(figsize=(7.5, 3.4))[1]
    for n, (name, numbers) in enumerate(ways.items()):
        ax.plot(d, numbers, color=COLOURS[n], linestyle=DASHES[n], marker=MARKERS[n], markersize=5, label=name)
    ax.axvline(64, color=INK, linestyle=":", linewidth=1)
    ax.set(xscale="log", yscale="log", xlabel="dimension d", ylabel="numbers to learn")
    ax.set_xticks(d, [f"{x:.0f}" for x in d])
    ax.minorticks_off()
    ax.grid(True)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3.2)
    return ax


def exchange(before: Mapping[str, Sequence[float]], after: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Two sums for each operator: as they are, and after two neighbours exchanged their reasons.

    Args:
        before, after: ``(d,)`` sums by operator.

    Returns:
        the axes, one for each operator.
    """
    figure, axes = plt.subplots(1, len(before), figsize=(8, 1.6))
    axes = np.atleast_1d(axes)
    for n, (ax, operator) in enumerate(zip(axes, before, strict=True)):
        names = ("own reasons", "exchanged") if n == 0 else ("", "")
        rows_of_numbers([before[operator], after[operator]], names, ax)
        ax.set_title(visible(operator), parse_math=False)
    return axes


def memory(sizes: Sequence[int], kept: Mapping[str, np.ndarray], n_relations: int) -> np.ndarray:
    """What a sum remembers against how many pairs are in it.

    Args:
        sizes: ``(n,)`` pairs in a sum.
        kept: by operator ``(n, 2)``: the share of neighbours whose relation is found, and of relations that are found.
        n_relations: how many there are to choose from.

    Returns:
        the two axes.
    """
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True)
    for n, (operator, shares) in enumerate(kept.items()):
        for ax, share in zip(axes, np.asarray(shares).T, strict=True):
            ax.plot(sizes, share, color=COLOURS[n], marker=MARKERS[n], linestyle=DASHES[n], label=operator)
    axes[0].plot(sizes, [1 / s for s in sizes], ":", color=INK, label="1 / pairs")
    axes[1].plot(sizes, [s / n_relations for s in sizes], ":", color=INK, label="by chance")
    axes[0].set(title="by which relation did it come?", ylabel="share of right answers")
    axes[1].set(title="which relations are in there?")
    for ax in axes:
        ax.set(xscale="log", xlabel="pairs in the sum")
        ax.set_xticks(sizes, [str(s) for s in sizes])
        ax.minorticks_off()
        ax.legend()
    return axes
