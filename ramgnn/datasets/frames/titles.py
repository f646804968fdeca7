"""Titles of the items, and the ids of those that have none."""

from __future__ import annotations

from collections.abc import Collection

from ramgnn.datasets.frames import cells
from ramgnn.datasets.frames.missing import PLACEHOLDERS
from ramgnn.datasets.frames.rows import Nodes
from ramgnn.datasets.frames.table import SHOWN


def labels(items: Nodes, title: str | None, missing: Collection[str], notes: list[str]) -> tuple[str, ...]:
    """The titles of the items, or their ids where there is none."""
    if title is None:
        return tuple(items.ids)
    titles = cells.texts(items.frame[title], items.origin).str.strip()
    gone = titles.isin(PLACEHOLDERS | set(missing))
    if n := int(gone.sum()):
        written = [text or "empty" for text in sorted(set(titles[gone]))]
        shown = ", ".join(written[:SHOWN]) + ", …" * (len(written) > SHOWN)
        are, ids = ("is", "the id stands for it") if n == 1 else ("are", "the ids stand for them")
        notes.append(f"{n:,} of {len(titles):,} titles of {items.origin.name} {are} missing ({shown}); {ids}")
    return tuple(item_id if out else t for t, out, item_id in zip(titles, gone, items.ids, strict=True))
