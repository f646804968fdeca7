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
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ramgnn import arguments
from ramgnn.advice import option, options
from ramgnn.datasets import misfits
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.frames.build import Options, build
from ramgnn.datasets.frames.columns import Columns, Guess, guess_columns
from ramgnn.datasets.frames.names import is_known_name
from ramgnn.datasets.frames.table import HEAD, Origin, Table
from ramgnn.datasets.frames.telling import columns_of_dates, says_of_items
from ramgnn.datasets.layout import Form, check_form, read_layout
from ramgnn.datasets.naming import file_called
from ramgnn.datasets.opened import codec_of
from ramgnn.datasets.parquet import is_parquet, parquet_table
from ramgnn.datasets.reading import read_chunks, read_table
from ramgnn.errors import DataError

__all__ = ["Guess", "guess", "load"]

ITEMS, AUTO = "items.csv", "auto"  # the file that is read where no table of items is named, and what says so
MANY_COLUMNS = 1_000  # of a file; beyond, those that are to become relation types have to be named


def guess(
    interactions: str | os.PathLike = "interactions.csv",
    items: str | os.PathLike | None = AUTO,
    users: str | os.PathLike | None = None,
    *,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    title_column: str | None = None,
    item_relations: Sequence[str] | str | None = None,
    user_relations: Sequence[str] | str | None = None,
    rating_column: str | None = None,
    min_rating: float | None = None,
    sep: str | None = None,
    encoding: str = "utf-8",
    quote: str | None = '"',
    escape: str | None = None,
    header: bool = True,
) -> Guess:
    """Read only the headers and say which column is what; the options are those of `load`.

    Raises:
        DataError: a file cannot be read, a named column is missing, or nothing like a user or an item is found.
    """
    _check_paths(interactions=interactions, items=items, users=users)
    named = Columns(user_column, item_column, time_column, title_column, item_relations, user_relations, rating_column)
    form = _checked_form(sep, encoding, quote, escape, header)
    tables = _tables((interactions, items, users), form, header, named, progress=False, notes=[])
    return guess_columns(*tables, named, min_rating is not None)


def load(
    interactions: str | os.PathLike = "interactions.csv",
    items: str | os.PathLike | None = AUTO,
    users: str | os.PathLike | None = None,
    *,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    title_column: str | None = None,
    item_relations: Sequence[str] | str | None = None,
    user_relations: Sequence[str] | str | None = None,
    separator: str | None | Mapping[str, str | None] = "auto",
    missing: Collection = (),
    rating_column: str | None = None,
    min_rating: float | None = None,
    time_format: str | None = None,
    bins: Mapping[str, float | str] | None = None,
    sep: str | None = None,
    encoding: str = "utf-8",
    quote: str | None = '"',
    escape: str | None = None,
    header: bool = True,
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
        items: one row per item: its id, and columns that become relation types; "auto" for the ``items.csv`` beside
            `interactions`, None for none.
        users: one row per user, likewise.
        user_column, item_column, time_column, title_column: names of columns; None guesses, see `guess`;
            a time column of ``"none"`` goes by the order of the rows.
        item_relations, user_relations: the columns to use, ``[]`` or ``"none"`` for none; None uses all whose values
            join at least two nodes and do not join all of them.
        separator: between several values in one cell; None for one value a cell; "auto" finds out for each column
            by itself and notes what it found; a mapping says it for some columns (``{"genre": ",", "studio": None}``).
        missing: values that say that nothing is known, besides empty cells, ``?``, ``\\N``, ``NULL``, ``nan``, ``N/A``,
            ``-`` and the like.
        rating_column: a column of the interactions with a number for each; None guesses.
        min_rating: keep the interactions with at least that rating; None keeps all, whatever their rating.
        time_format: how times are written: ``"dayfirst"``, ``"monthfirst"``, ``"seconds"``, ``"milliseconds"``,
            ``"microseconds"`` or ``"nanoseconds"`` since 1970, ``"order"``, or a form of ``strptime`` such as
            ``"%d.%m.%Y %H:%M"``; None finds out from the whole column.
        bins: for columns of numbers, the width of the bins (``{"year": 10}`` gives "1990-1999") or a number of bins
            of equal counts (``{"price": "q5"}``).
        sep: between columns, one character or several; None takes the one that divides the first lines alike, and
            into most columns.
        encoding: of all the files.
        quote: the character around fields that contain the separator; None for files in which quotes are letters.
        escape: the character before a quote inside a field, such as a backslash; None where quotes are doubled.
        header: whether the files have one; without it the columns are called ``"1"``, ``"2"``, …, and the first one of
            the items and users holds the ids. A file whose first line names a column of ids is read with it.
        duplicates: what to do with a pair of user and item that stands twice, and with an id that stands twice among
            the items or users: ``"error"``, or keep the ``"first"`` or ``"last"`` (in time, where there is a time).
        unknown: what to do with rows whose id is missing (empty, ``nan``, ``NULL``, …), and with interactions of ids
            that the items or users do not list: ``"error"`` or ``"drop"``.
        min_user: users with fewer interactions are left out; 0 keeps those of `users` that have none.
        name: what to call the data set.
        split: ``"last"`` holds out the latest interaction of each user, ``"random"`` one drawn by `seed`,
            ``"none"`` nothing: for a model that is to recommend and not to be measured.
        negatives: rank each held-out item among that many sampled ones; None ranks it among all items.
        seed: for the random split and the negatives.
        progress: show a bar of bytes for each file.

    Times may be seconds or parts of them since 1970, dates in many forms (2024-05-01, 20240501, 2024-05-01T12:30,
    14/07/2017, 14 Jul 2017 2:30 PM), or any numbers that grow; what fits none of these, or two, is refused. Fractions
    of a second are dropped. Without a time, the order of the rows is the order in time.

    Raises:
        DataError: a file or a cell is not as expected; the message says where and what to do.
    """
    _check_paths(interactions=interactions, items=items, users=users)
    arguments.instance("name", name, (str, type(None)), "text, or None", DataError)
    options = Options(
        separator, bins, duplicates, unknown, min_user, split, negatives, seed,
        missing=missing, min_rating=min_rating, time_format=time_format,
    )  # fmt: skip
    named = Columns(user_column, item_column, time_column, title_column, item_relations, user_relations, rating_column)
    notes = []
    if users is None and (beside := file_called(Path(interactions).parent, "users.csv")):
        notes.append(
            f"{beside.name} lies beside {Path(interactions).name} and was not read: pass "
            f"{option('users', str(beside))} to use it"
        )
    form = _checked_form(sep, encoding, quote, escape, header)
    read = _tables((interactions, items, users), form, header, named, progress, notes)
    return build(
        *read,
        named,
        options,
        name=name or "tables",
        source="your own tables: " + ", ".join(table.origin.name for table in read if table is not None),
        notes=notes,
    )


def items_beside(interactions: str | os.PathLike) -> Path:
    """Where the table of items lies if none is named."""
    folder = Path(interactions).parent
    return file_called(folder, ITEMS) or folder / ITEMS


def _checked_form(sep: str | None, encoding: str, quote: str | None, escape: str | None, header: bool) -> Form:
    """How the files are written; before any of them is opened.

    Raises:
        RamgnnError: no file can be written so.
    """
    arguments.true_or_false("header", header)
    codec_of(encoding)
    return check_form(Form(sep, encoding, quote, escape))


def _check_paths(**paths: str | os.PathLike | None) -> None:
    """Refuse what is no path.

    Raises:
        RamgnnError: one is none.
    """
    for side, path in paths.items():
        if path is not None:
            arguments.path(side, path, "the path of a file; ramgnn.from_frames takes data frames")


def _tables(
    paths: Sequence[str | os.PathLike | None],
    form: Form,
    header: bool,
    named: Columns,
    progress: bool,
    notes: list[str],
) -> list[Table | None]:
    """The table of each file, None where there is none; only the first lines are read now."""
    tables = []
    for side, path in zip(("interactions", "items", "users"), paths, strict=True):
        if side == "items" and path == AUTO:
            path = items_beside(paths[0])
            if not path.exists():
                raise _no_items(tables[0], named, path.parent)
            notes.append(
                f"{path.name} lies beside {Path(paths[0]).name} and was read as the table of items: pass "
                f"{option('items', 'FILE')} for another one"
            )
        tables.append(None if path is None else _table(side, Path(path), form, header, named, progress, notes))
    return tables


def _no_items(interactions: Table, named: Columns, folder: Path) -> DataError:
    """The error where no table of items is named or lies there; one table may hold everything."""
    guess = guess_columns(
        interactions, None, None, Columns(named.user, named.item, named.time, None, rating=named.rating)
    )
    unread = (guess.rating, *interactions.unfit)
    about_items = [column for _, column in guess.left_out if column not in unread]
    if about_items and interactions.head is not None:
        sample = interactions.head([guess.item, *about_items])
        dated = columns_of_dates(sample[about_items], interactions.origin)
        about_items = [c for c in about_items if c not in dated and says_of_items(sample[guess.item], sample[c])]
    where = "here" if folder == Path() else f"in {folder}"
    fix = f"pass {option('items', 'FILE')}, put an {ITEMS} there, or do without: {option('items', None)}"
    if here := file_called(Path(), ITEMS):
        fix = f"pass {option('items', here.name)} if the one in this folder is meant, or {option('items', 'FILE')}"
    if about_items and interactions.origin.path is not None:
        whole = {"items": str(interactions.origin.path), "item_relations": about_items, "duplicates": "first"}
        fix = (
            f"pass {options(whole)} if {interactions.origin.name} itself says what the items are, with those of its "
            f"columns that do; {option('items', 'FILE')} for a table of its own; or do without: {option('items', None)}"
        )
    return DataError(
        f"no table of items is named, and there is no {ITEMS} {where}",
        expected="a table with a row for each item: its id, and what it is, such as a genre",
        fix=fix,
    )


def _table(side: str, path: Path, form: Form, header: bool, named: Columns, progress: bool, notes: list[str]) -> Table:
    """The table of one file.

    Raises:
        DataError: it has no header though it should have one, or a great many columns none of which was named.
    """
    if is_parquet(path):
        return parquet_table(path)
    options = vars(form) | {"header": header}
    layout = read_layout(path, **options)
    if not header and not layout.data_like and (name := _known(layout.first, named)):
        options["header"] = True
        layout = read_layout(path, **options)
        notes.append(f"the first line of {path.name} names a column {name!r} and was read as its header")
    elif not header:
        first = ", ".join(cell.strip() for cell in layout.first[:8]) + (", …" if len(layout.first) > 8 else "")
        notes.append(f"{path.name} has no header: its columns are called 1 to {len(layout.columns)}, first {first}")
    elif layout.data_like and not _known(layout.columns, named):
        beside = misfits.numbered_columns(layout) if side == "interactions" else {}
        raise misfits.first_line_is_data(path, layout.line, layout.data_like, beside)
    if (
        side != "interactions"
        and len(layout.columns) > MANY_COLUMNS
        and getattr(named, f"{side[:-1]}_relations") is None
    ):
        raise misfits.many_columns(path, layout.line, layout.columns, f"{side[:-1]}_relations")
    notes += [f"{path.name}: {note}" for note in layout.notes]
    blank: list[int] = []
    return Table(
        Origin(path.name, path, layout.line or None),
        layout.columns,
        read=lambda columns: read_table(path, columns, (), progress=progress, blank=blank, **options),
        numbered=not layout.line,
        head=lambda columns: next(read_chunks(path, columns, (), rows=HEAD, blank=[], **options)),
        blank=blank,
    )


def _known(cells: Sequence[str], named: Columns) -> str | None:
    """The first cell that is called like a column of ids, a time or a title, or was named by the user."""
    names = {name for name in (named.user, named.item, named.time, named.title) if name and not name.isdecimal()}
    return next((cell for cell in map(str.strip, cells) if cell in names or is_known_name(cell)), None)
