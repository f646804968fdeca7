"""Whether the first line of a table is its header, or a row that would be lost as one; and a header among the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
DATE = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?:[T ].*)?"
MOSTLY = 0.9


def looks_like_data(first: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Why the first line looks like a row and not like a header, or "" where it does not.

    It does where all its fields are numbers or dates; where one is, and so is what stands below it; and where a field
    stands in its column again.

    Args:
        first: the fields of the first line, without spaces around them.
        rows: those of some lines below it.
    """
    known = [field for field in first if field]
    if known and all(map(_kind, known)):
        return f"{known[0]!r} is {_kind(known[0])}" + (", and so are the others" if len(known) > 1 else "")
    for place, field in enumerate(first):
        below = [row[place].strip() for row in rows if len(row) > place and row[place].strip()]
        if (kind := _kind(field)) and below and sum(_kind(cell) == kind for cell in below) >= MOSTLY * len(below):
            return f"{field!r} is {kind}, like what stands below it"
    for place, field in enumerate(first):
        n = sum(len(row) > place and row[place].strip() == field and list(row) != list(first) for row in rows)
        if field and n:
            return f"{field!r} stands {n:,} {'time' if n == 1 else 'times'} more below it"
    return ""


def column_of_times(first: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """The place of the first column that holds dates, or seconds (or parts of them) since 1970."""
    for place in range(len(first)):
        cells = [row[place].strip() for row in [first, *rows] if len(row) > place]
        if all(re.fullmatch(DATE, cell) or re.fullmatch(r"\d{9,19}(?:\.\d+)?", cell) for cell in cells):
            return place
    return None


def _kind(field: str) -> str | None:
    if re.fullmatch(NUMBER, field):
        return "a number"
    return "a date" if re.fullmatch(DATE, field) else None


class Header:
    """The names of the columns, to find them among the rows, where they stand if files were joined.

    There they may have a mark of the encoding before them, other spaces or capitals, and another order. A single
    column may hold its own name.

    Args:
        columns: the names; none where there is no header.
        quote: the character around fields, or None.
    """

    def __init__(self, columns: Sequence[str], quote: str | None) -> None:
        self._around = " \t\ufeff" + (quote or "")
        # what has no name in the file was named after its place
        names = ["" if name == f"unnamed {place}" else self._plain(name) for place, name in enumerate(columns, 1)]
        self._names = frozenset(names if len(names) > 1 else ()) - {""}
        self._sorted = sorted(names)
        self.place = next((place for place, name in enumerate(names) if name), 0)  # of the first that has a name

    def has(self, cell: str) -> bool:
        """Whether a cell is a name."""
        return self._plain(cell) in self._names

    def is_repeated_by(self, row: Sequence[str]) -> bool:
        """Whether the cells of a row are the names."""
        return sorted(map(self._plain, row[: len(self._sorted)])) == self._sorted

    def _plain(self, text: str) -> str:
        return text.strip(self._around).casefold()
