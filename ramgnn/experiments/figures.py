"""Tables III to VI and Figures 4 and 5 as pictures, drawn from stored runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ramgnn import plots
from ramgnn.errors import RamgnnError
from ramgnn.experiments.statistics import Summary, summarise
from ramgnn.experiments.store import Result, Store
from ramgnn.experiments.tables import Row, Table, printed_cells, rows_on, runs_of
from ramgnn.experiments.trajectories import Trajectory, trajectories

PANELS = 3  # beside each other
AFTERWARDS = 5  # epochs drawn after the last threshold has come to rest: from then on nothing happens


def measured(
    one: Table, store: Store, dataset_name: str, metrics: Sequence[str]
) -> dict[str, list[tuple[Row, Summary, float | None]]]:
    """For each metric each row that has runs, with what they give and what the paper prints for it.

    Raises:
        RamgnnError: no row has runs.
    """
    by_row = {row: runs_of(row, one, store, dataset_name) for row in rows_on(one, dataset_name)}
    by_row = {row: runs for row, runs in by_row.items() if runs}
    if not by_row:
        raise RamgnnError(
            f"there are no runs of {one.name} on {dataset_name} to draw; make them: "
            f"ramgnn run {one.name} --data {dataset_name}"
        )
    papers = {key: float(text) for key, text in printed_cells(one, dataset_name).items()}
    return {
        metric: [(row, summarise(runs, metric), papers.get((row.printed, metric))) for row, runs in by_row.items()]
        for metric in metrics
    }


def panel(shown: Mapping[str, Sequence[tuple[Row, Summary, float | None]]], metric: str, ax: Axes) -> Axes:
    """One metric of what `measured` found: means over seeds with 95 % intervals, the paper's numbers as diamonds."""
    rows, sums, papers = zip(*shown[metric], strict=True)
    labels, groups = [row.label for row in rows], [row.group for row in rows]
    plots.forest(labels, [s.mean for s in sums], [s.both for s in sums], papers, groups, ax)
    ax.set_xlabel(metric)
    ax.xaxis.get_major_locator().set_params(nbins=4)
    if ax.get_legend() is not None:
        ax.get_legend().remove()  # one for all panels is enough
    return ax


def intervals(one: Table, store: Store, dataset_name: str, metrics: Sequence[str]) -> Figure:
    """Means over seeds with 95 % intervals over users and seeds, a panel for each metric; the paper's as diamonds.

    Raises:
        RamgnnError: no row has runs.
    """
    shown = measured(one, store, dataset_name, metrics)
    columns = min(len(metrics), PANELS)
    lines = -(-len(metrics) // columns)
    size = 2.2 + 2.2 * columns, 0.4 + lines * (0.6 + 0.3 * len(shown[metrics[0]]))
    figure, axes = plt.subplots(lines, columns, figsize=size, sharey=True, squeeze=False)
    for ax, metric in zip(axes.flat, metrics, strict=False):
        panel(shown, metric, ax)
    for ax in axes.flat[len(metrics) :]:
        ax.set_axis_off()
    handles, labels = axes[0, 0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center")
    return figure


def sampler(results: Sequence[Result], sides: Sequence[str] = ("user", "item"), epochs: int | None = None) -> Figure:
    """Figure 5 for runs of one model: thresholds, average neighbour distances and rewards over epochs, as bands.

    Rewards are added up, since single ones are +1 or -1 and would fill the panel.

    Args:
        results: the runs; each gives one trajectory.
        sides: whose graphs, a column each; one without a graph is left out.
        epochs: how many are drawn; None: until a few after the last threshold came to rest, all if one did not.
    """
    columns = {side: of_side for side in sides if (of_side := trajectories(results, side))}
    if not columns:
        raise RamgnnError(f"the runs of {results[0].model!r} have no graph on the side {' or '.join(sides)}")
    figure, axes = plt.subplots(3, len(columns), figsize=(4 * len(columns), 6.4), sharex=True, squeeze=False)
    shown = epochs or max(_interesting(x) for of_side in columns.values() for x in of_side)
    for column, (side, of_side) in enumerate(columns.items()):
        looks = plots.type_styles([x.relation for x in of_side])
        for ax, what in zip(axes[:, column], ("k", "distance", "reward"), strict=True):
            for x in of_side:
                runs = np.nancumsum(x.reward, axis=1) if what == "reward" else getattr(x, what)
                plots.band(runs[:, :shown], looks[x.relation], x.relation, ax)
            ax.grid(True)
        axes[0, column].set_title(f"{side} graph")
        for axis in (axes[0, column].yaxis, axes[2, column].yaxis, axes[2, column].xaxis):
            axis.get_major_locator().set_params(integer=True)
        axes[2, column].set(xlabel="epoch")
        drawn = axes[2, column].get_lines()
        names = [line.get_label() for line in drawn]
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.35)}
        plots.plain_legend(axes[2, column], drawn, names, ncols=2, handlelength=3.2, **below)
    names = ("threshold $k_t$", "average neighbour\ndistance", "rewards,\nadded up")
    for ax, name in zip(axes[:, 0], names, strict=True):
        ax.set_ylabel(name)
    return figure


def _interesting(x: Trajectory) -> int:
    """How many epochs there is something to see in."""
    every = x.k.shape[1]
    return every if np.isnan(x.stopped).any() else min(every, int(x.stopped.max()) + 1 + AFTERWARDS)
