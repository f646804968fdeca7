"""A table that a data set is built from, whether a file or a data frame, and the place of its rows in messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_list_like

from ramgnn.datasets import faults
from ramgnn.errors import DataError

SHOWN = 5  # ids and rows shown in a message
UNFIT: dict[str, Callable[[object], bool]] = {
    "bytes": lambda cell: isinstance(cell, bytes),
    "dictionaries": lambda cell: isinstance(cell, Mapping),
    "lists of lists": lambda cell: isinstance(cell, Sequence) and bool(cell) and all(map(is_list_like, cell)),
}
HEAD = 1000  # rows that are looked at where a whole column need not be read


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a table comes from, so that a message can say which row it means.

    A *place* is an integer that tells rows apart: the line of a file, or the position in a data frame.

    Attributes:
        name: what the table is called, for example ``"items.csv"`` or ``"items"``.
        file: the file; None for a data frame, and for Parquet, which has no lines.
        header_line: the line of the header in the file.
        labels: the index of the data frame.
        parquet: the file of Parquet, or the folder with its parts.
    """

    name: str
    file: Path | None = None
    header_line: int | None = None
    labels: pd.Index | None = None
    parquet: Path | None = None

    @property
    def path(self) -> Path | None:
        """Where it lies; None for a data frame."""
        return self.file or self.parquet

    @property
    def unit(self) -> str:
        """What a place is called: ``"line"`` or ``"row"``."""
        return "line" if self.file is not None else "row"

    @property
    def preposition(self) -> str:
        """One is *on* a line and *in* a row."""
        return "on" if self.file is not None else "in"

    def show(self, place: int) -> str:
        """The number of a line, or the label of a row; the position too where several rows have that label."""
        if self.labels is None:
            return str(place)
        label = _plain_label(self.labels[place])
        return label if self.labels.is_unique else f"{label} (at position {place})"

    def show_all(self, places: Sequence[int]) -> str:
        """The first few places."""
        return ", ".join(self.show(place) for place in places[:SHOWN]) + (", …" if len(places) > SHOWN else "")

    def at(self, place: int | None = None) -> dict[str, Any]:
        """What `DataError` takes for a place in this table, None being the table as a whole."""
        if self.file is not None:
            return {"file": self.file, "line": None if place is None else int(place)}
        return {"table": self.name, "row": None if place is None else self.show(int(place))}

    def at_header(self) -> dict[str, Any]:
        """What `DataError` takes for the names of the columns."""
        return self.at(self.header_line) if self.file is not None else self.at()


@dataclass(frozen=True, eq=False)
class Table:
    """A table whose columns are known and whose cells are read when they are needed.

    Attributes:
        origin: where it comes from.
        columns: the names of its columns.
        index_names: names of levels of a data frame's index, which may stand for a column of ids or times.
        spare: columns that are no relation unless they are named.
        unfit: what stands in columns whose cells are no values, such as ``{"picture": "bytes"}``; they are left out.
        numbered: whether the columns are called after their places, since the file has no header.
        read: from names of columns to a data frame of these, with the place of each row as its index.
        head: the same for the first rows alone; None where that would take as long.
        blank: the places of rows in which every cell is empty; filled where `read` leaves them out.
    """

    origin: Origin
    columns: tuple[str, ...]
    read: Callable[[Sequence[str]], pd.DataFrame]
    index_names: tuple[str, ...] = ()
    spare: frozenset[str] = frozenset()
    unfit: Mapping[str, str] = field(default_factory=dict)
    numbered: bool = False
    head: Callable[[Sequence[str]], pd.DataFrame] | None = None
    blank: list[int] = field(default_factory=list)

    def check_fit(self, column: str) -> None:
        """Refuse a column whose cells are no values.

        Raises:
            DataError: they are bytes, say.
        """
        if column in self.unfit:
            raise DataError(
                f"the column {column!r} holds {self.unfit[column]}",
                expected="text, numbers or dates, and in columns of relations lists of these",
                fix="write the column anew with such values, or name another one",
                **self.origin.at_header(),
            )

    def unfit_notes(self, columns: Iterable[str]) -> list[str]:
        """What is told of those of some columns whose cells are no values."""
        return [
            f"column {column!r} of {self.origin.name} holds {self.unfit[column]} and is left out: only text, numbers, "
            "dates and lists of these are read"
            for column in dict.fromkeys(columns)
            if column in self.unfit
        ]


def blank_notes(*tables: Table | None) -> list[str]:
    """What is told of rows in which every cell is empty, after the tables were read."""
    notes = {}  # each once, also where one file is two tables
    for table in tables:
        if table is not None and (n := len(table.blank)):
            unit, are, were = (table.origin.unit, "is", "was") if n == 1 else (f"{table.origin.unit}s", "are", "were")
            places = table.origin.show_all(table.blank)
            note = (
                f"{n:,} {unit} of {table.origin.name} {are} empty in every column and {were} left out ({unit} {places})"
            )
            notes[note] = None
    return list(notes)


def table_of_frame(frame: object, name: str) -> Table:
    """The table of a data frame; `name` is what messages call it.

    Raises:
        DataError: it is no data frame, two columns have one name, or names have several levels.
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(
            "this is None" if frame is None else f"this is a {type(frame).__name__}",
            table=name,
            expected="a pandas DataFrame",
            fix="for files use ramgnn.datasets.load('tables', ...)",
        )
    origin = Origin(name, labels=frame.index)
    if frame.columns.nlevels > 1:
        raise DataError(
            f"the names of its columns have {frame.columns.nlevels} levels",
            expected="one name for each column",
            fix="join the levels: frame.columns = ['_'.join(map(str, c)) for c in frame.columns]",
            **origin.at(),
        )
    columns = tuple(str(c).strip() or f"unnamed {place}" for place, c in enumerate(frame.columns, 1))
    if repeated := first_repeated(columns):
        raise faults.repeated_column(repeated, **origin.at())
    index_names = tuple(str(level) for level in frame.index.names if level is not None and str(level) not in columns)

    blank: list[int] = []

    def read(names: Sequence[str]) -> pd.DataFrame:
        if not len(frame):
            raise DataError("there is no row in it", expected="at least one row", fix="pass more data", **origin.at())
        places = pd.RangeIndex(len(frame), name="place")
        cells = {}
        for column in dict.fromkeys(names):
            if column in columns:
                cells[column] = frame.iloc[:, columns.index(column)].set_axis(places)
            else:
                level = [str(name) for name in frame.index.names].index(column)
                cells[column] = frame.index.get_level_values(level).to_series(index=places)
        found = pd.DataFrame(cells)  # of series, since arrays of objects would be turned into dates and numbers
        if not blank:
            blank.extend(_blank(frame))
        if len(blank) == len(frame):
            raise DataError(
                "every row of it is empty", expected="at least one row", fix="pass more data", **origin.at()
            )
        return found.drop(index=blank) if blank else found

    unfit = {column: what for column, cells in zip(columns, frame.items(), strict=True) if (what := _unfit(cells[1]))}
    return Table(
        origin, columns, read, index_names, unfit=unfit, head=lambda names: read(names).head(HEAD), blank=blank
    )


def _blank(frame: pd.DataFrame) -> list[int]:
    """The positions of rows in which every cell is missing, as pandas reads the empty ones of a spreadsheet.

    None where the index has a name: it may hold the ids.
    """
    if not frame.shape[1] or any(name is not None for name in frame.index.names):
        return []
    rows = np.flatnonzero(frame.iloc[:, 0].isna().to_numpy())  # few, mostly
    return rows[frame.iloc[rows].isna().all(axis=1).to_numpy()].tolist()


def _unfit(cells: pd.Series) -> str | None:
    """What stands in every cell of a column that is not missing, where that is no value and no list of values."""
    if cells.dtype != object:
        return None
    cells = cells[cells.notna().to_numpy()]
    found = next((what for what, fits in UNFIT.items() if len(cells) and fits(cells.iloc[0])), None)
    return found if found and all(map(UNFIT[found], cells)) else None


def first_repeated(names: Iterable[str]) -> str | None:
    """The first name that has stood before, or None."""
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), None)


def _plain_label(label: object) -> str:
    """A label of an index as one would write it: 17, 'ann', (1, 'ann')."""
    if isinstance(label, tuple):
        return f"({', '.join(map(_plain_label, label))})"
    if isinstance(label, np.generic):
        label = label.item()
    return repr(label) if isinstance(label, str) else str(label)
