"""Numbers and tables as the sheets for the board write them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ramgnn.experiments import tables

short = partial(tables.short, decimals=2)  # a board has room for two places


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A Markdown table, its first column to the left and the others in the middle."""
    lines = [head, ["---", *[":---:"] * (len(head) - 1)], *rows]
    return ["", *("| " + " | ".join(map(str, line)) + " |" for line in lines), ""]
