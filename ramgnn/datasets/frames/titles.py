"""Titles of the items, and the ids of those that have none."""

from __future__ import annotations

from collections.abc import Collection

from ramgnn.advice import option
from ramgnn.datasets.frames import cells
from ramgnn.datasets.frames.missing import PLACEHOLDERS
from ramgnn.datasets.frames.notes import Note
from ramgnn.datasets.frames.rows import Nodes
from ramgnn.datasets.frames.table import SHOWN


def labels(items: Nodes, title: str | None, missing: Collection[str], notes: list[str]) -> tuple[str, ...]:
    """The titles of the items, or their ids where there is none."""
    if title is None:
        return tuple(items.ids)
    column = items.frame[title]
    if items.origin.file is not None:  # a column of a file that says its types: each cell is a list of one value
        column = column.map(lambda cell: cell[0] if isinstance(cell, list) and len(cell) == 1 else cell)
    titles = cells.texts(column, items.origin).str.strip()
    gone = titles.isin(PLACEHOLDERS | set(missing))
    if n := int(gone.sum()):
        written = [text or "empty" for text in sorted(set(titles[gone]))]
        shown = ", ".join(written[:SHOWN]) + ", …" * (len(written) > SHOWN)
        are, ids = ("is", "the id stands for it") if n == 1 else ("are", "the ids stand for them")
        notes.append(f"{n:,} of {len(titles):,} titles of {items.origin.name} {are} missing ({shown}); {ids}")
    if n := int((broken := titles.str.contains("[\r\n]")).sum()):
        many = "1 title of {} has" if n == 1 else f"{n:,} titles of {{}} have"
        notes.append(
            Note(
                f"{many.format(items.origin.name)} a line end inside, first {titles[broken].iloc[0]!r}; if that is "
                f"two rows, a quote is a letter: {option('quote', None)}",
                doubt=True,
            )
        )
    return tuple(item_id if out else t for t, out, item_id in zip(titles, gone, items.ids, strict=True))
