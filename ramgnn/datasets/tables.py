"""Your own data: a table of interactions, a table of items and, if you have one, a table of users. ::

    interactions.csv          items.csv                          users.csv (optional)
    user_id,item_id,date      item_id,title,genre,year           user_id,age,city
    ann,m1,2024-05-01         m1,Alien,Horror|Sci-Fi,1979        ann,31,Oslo

Every column of the items and users becomes a relation type. Columns are named by options, or guessed from common
names; `guess` shows what would be taken for what before anything large is read.

The files are read as text whose rows know their line; everything else is what `ramgnn.datasets.frames` does with data
frames.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.frames.build import Options, build
from ramgnn.datasets.frames.columns import Columns, Guess, guess_columns
from ramgnn.datasets.frames.table import Origin, Table
from ramgnn.datasets.parquet import is_parquet, parquet_table
from ramgnn.datasets.reading import read_layout, read_table

__all__ = ["Guess", "guess", "load"]


def guess(
    interactions: str | os.PathLike = "interactions.csv",
    items: str | os.PathLike = "items.csv",
    users: str | os.PathLike | None = None,
    *,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    title_column: str | None = None,
    item_relations: Sequence[str] | str | None = None,
    user_relations: Sequence[str] | str | None = None,
    sep: str | None = None,
    encoding: str = "utf-8",
) -> Guess:
    """Read only the headers and say which column is what; the options are those of `load`.

    Raises:
        DataError: a file cannot be read, a named column is missing, or nothing like a user or an item is found.
    """
    named = Columns(user_column, item_column, time_column, title_column, item_relations, user_relations)
    return guess_columns(*_tables((interactions, items, users), sep, encoding, progress=False), named)


def load(
    interactions: str | os.PathLike = "interactions.csv",
    items: str | os.PathLike = "items.csv",
    users: str | os.PathLike | None = None,
    *,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    title_column: str | None = None,
    item_relations: Sequence[str] | str | None = None,
    user_relations: Sequence[str] | str | None = None,
    separator: str | None = "|",
    bins: Mapping[str, float | str] | None = None,
    sep: str | None = None,
    encoding: str = "utf-8",
    duplicates: str = "error",
    unknown: str = "error",
    min_user: int = 2,
    name: str | None = None,
    split: str = "last",
    negatives: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> RecDataset:
    """Build a data set from your own tables (CSV, TSV, …; UTF-8; plain or gzipped), with a header each, or Parquet.

    Ids are text, so "007" stays "007". Items that nobody interacted with stay: they can be recommended through their
    attributes.

    Args:
        interactions: one row per interaction: a user, an item and, if there is one, a time.
        items: one row per item: its id, and columns that become relation types.
        users: one row per user, likewise.
        user_column, item_column, time_column, title_column: names of columns; None guesses, see `guess`.
        item_relations, user_relations: the columns to use; None uses all whose values join at least two nodes and do
            not join all of them.
        separator: between several values in one cell; None for one value a cell.
        bins: for columns of numbers, the width of the bins (``{"year": 10}`` gives "1990-1999") or a number of bins
            of equal counts (``{"price": "q5"}``).
        sep: between columns; None takes the one that divides the header into most columns.
        encoding: of all the files.
        duplicates: what to do with a pair of user and item that stands twice, and with an id that stands twice among
            the items or users: ``"error"``, or keep the ``"first"`` or ``"last"`` (in time, where there is a time).
        unknown: what to do with interactions of ids that the items or users do not list: ``"error"`` or ``"drop"``.
        min_user: users with fewer interactions are left out; 0 keeps those of `users` that have none.
        name: what to call the data set.
        split: ``"last"`` holds out the latest interaction of each user, ``"random"`` one drawn by `seed`.
        negatives: rank each held-out item among that many sampled ones; None ranks it among all items.
        seed: for the random split and the negatives.
        progress: show a bar of bytes for each file.

    Times may be whole seconds (or milliseconds) since 1970, dates and times in ISO form (2024-05-01, 2024-05-01T12:30,
    20240501), or any numbers that grow. Fractions of a second are dropped. Without a time, the order of the rows is
    the order in time.

    Raises:
        DataError: a file or a cell is not as expected; the message says where and what to do.
    """
    options = Options(separator, bins, duplicates, unknown, min_user, split, negatives, seed)
    named = Columns(user_column, item_column, time_column, title_column, item_relations, user_relations)
    notes = []
    if users is None and (beside := Path(interactions).parent / "users.csv").exists():
        notes.append(f"{beside.name} lies beside {Path(interactions).name} and was not read: pass users= to use it")
    return build(
        *_tables((interactions, items, users), sep, encoding, progress),
        named,
        options,
        name=name or "tables",
        source="your own tables: " + ", ".join(str(p) for p in (interactions, items, users) if p is not None),
        notes=notes,
    )


def _tables(
    paths: Sequence[str | os.PathLike | None], sep: str | None, encoding: str, progress: bool
) -> list[Table | None]:
    """The table of each file, None where there is none; only the headers are read now."""
    return [None if path is None else _table(Path(path), sep, encoding, progress) for path in paths]


def _table(path: Path, sep: str | None, encoding: str, progress: bool) -> Table:
    if is_parquet(path):
        return parquet_table(path)
    layout = read_layout(path, sep, encoding=encoding)
    return Table(
        Origin(path.name, path, layout.line),
        layout.columns,
        read=lambda columns: read_table(path, columns, (), sep, encoding=encoding, progress=progress),
    )
