"""Figures: `ramgnn.plots.looks`, `ramgnn.plots.graphs` and `ramgnn.plots.curves`, all by one name."""

from ramgnn.plots.curves import attention_by_type, band, forest, group_sizes, neighbour_counts, thresholds
from ramgnn.plots.graphs import FIGURE1_PLACES, draw_graph, figure1
from ramgnn.plots.looks import COLOURS, DASHES, INK, MARKERS, RC, plain_legend, style, type_styles, use_style

__all__ = [
    "COLOURS",
    "DASHES",
    "FIGURE1_PLACES",
    "INK",
    "MARKERS",
    "RC",
    "attention_by_type",
    "band",
    "draw_graph",
    "figure1",
    "forest",
    "group_sizes",
    "neighbour_counts",
    "plain_legend",
    "style",
    "thresholds",
    "type_styles",
    "use_style",
]
