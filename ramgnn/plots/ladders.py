"""From one configuration to another, one change a rung: how far each takes a metric."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ramgnn.plots.looks import COLOURS, INK
from ramgnn.visible import visible


def ladders(orders: dict[str, pd.DataFrame], metric: str = "NDCG@10") -> Figure:
    """A panel for each order of the changes; a dot is what is reached after a change, the line joins them upwards.

    Args:
        orders: by title, ``(rungs, [mean, low, high])`` from the bottom to the top; the index says what changed.
        metric: what the numbers are.
    """
    figure, axes = plt.subplots(1, len(orders), figsize=(8, 0.8 + 0.3 * max(map(len, orders.values()))), sharex=True)
    for ax, (title, found) in zip(np.atleast_1d(axes), orders.items(), strict=True):
        place, mean = np.arange(len(found)), found["mean"].to_numpy(float)
        ax.plot(mean, place, color=INK, linewidth=0.8, zorder=1)
        ax.hlines(place, found["low"], found["high"], color=COLOURS[0], linewidth=1.5, zorder=2)
        ends = np.isin(place, [0, len(found) - 1])
        for own, marker, colour in ((ends, "D", COLOURS[1]), (~ends, "o", COLOURS[0])):
            ax.plot(mean[own], place[own], marker, color=colour, zorder=3)
        ax.set(xlabel=metric, title=visible(title), ylim=(-0.6, len(found) - 0.4))
        ax.set_yticks(place, [visible(str(name)) for name in found.index], parse_math=False)
        ax.grid(axis="x")
    return figure
