"""One style that reads on white and on black, and one colour, line style and marker per relation type.

Ink is a mid grey on a transparent ground, so that a figure stored once suits a light and a dark page. The colours
keep at least 3 : 1 contrast with both, and differ in lightness or are told apart by line style and marker as well.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from ramgnn.visible import visible

INK = "#7b7b7b"
COLOURS = ("#1f83c4", "#d55e00", "#009e73", "#c06aa0", "#a67c00", "#7b7b7b")
DASHES = ("-", (0, (6, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P")

RC = {
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none", "savefig.transparent": True,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.titlecolor": INK, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False,
    "grid.color": INK, "grid.alpha": 0.3, "legend.frameon": False, "legend.labelcolor": INK,
    "axes.prop_cycle": mpl.cycler(color=COLOURS), "font.size": 11, "axes.titlesize": 11, "figure.dpi": 110,
    "savefig.dpi": 110, "figure.constrained_layout.use": True, "svg.hashsalt": "ramgnn",
}  # fmt: skip


def use_style() -> None:
    """Make the style the one of this session, and figures in a notebook vector graphics; chapters call it once."""
    mpl.rcParams.update(RC)
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None})  # the same figure, the same file


@contextmanager
def style():
    """The style for the figures made inside a ``with``."""
    with mpl.rc_context(RC):
        yield


# types that come up again and again look the same in every figure
USUAL = {"genre": 0, "director": 1, "actor": 2, "cast": 2, "year": 3, "country": 4, "language": 5}


def type_styles(types: Sequence[str]) -> dict[str, dict]:
    """Colour, line style and marker of each relation type, in order.

    Genre, director and so on have looks of their own; other types take those that are left, and after the sixth the
    looks begin again.
    """
    slots: dict[str, int] = {}
    for t in types:
        if USUAL.get(t, -1) not in (-1, *slots.values()):
            slots[t] = USUAL[t]
    free = [n for n in range(len(COLOURS)) if n not in slots.values()]
    for n, t in enumerate(t for t in types if t not in slots):
        slots[t] = free[n] if n < len(free) else n
    return {
        t: {
            "color": COLOURS[slots[t] % len(COLOURS)],
            "linestyle": DASHES[slots[t] % len(DASHES)],
            "marker": MARKERS[slots[t] % len(MARKERS)],
        }
        for t in types
    }


def plain_legend(where: Axes | Figure, handles: Sequence[Artist], names: Sequence[str], **options: Any) -> Legend:
    """A legend that shows names as they are: no formula between dollars, and one that begins with _ is shown too.

    Args:
        where: the axes or the figure; handles: ``(n,)`` what is drawn beside the `names`, ``(n,)``.
        options: as of matplotlib's `legend`.
    """
    legend = where.legend(handles, [str(n) for n in range(len(names))], **options)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set(text=visible(name), parse_math=False)
    return legend
