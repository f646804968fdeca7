"""RecBole's atomic files: ``NAME.inter`` and, where there are, ``NAME.item`` and ``NAME.user``. ::

    user_id:token  item_id:token  rating:float  timestamp:float        tabs between fields, no quotes
    item_id:token  movie_title:token_seq  release_year:token  class:token_seq

The header gives each column a type: a token is one value, a token_seq several with spaces between them, a float a
number, and a float_seq a vector, which joins nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ramgnn.advice import option
from ramgnn.datasets.folders.found import Found, others, visible
from ramgnn.datasets.folders.lines import encoding_of, read_text
from ramgnn.datasets.folders.ratings import ID, NUMBER, UNREAD, Ratings, check_rounded, first_ratings, read_ratings
from ramgnn.datasets.frames.columns import Columns
from ramgnn.datasets.frames.instants import are_seconds
from ramgnn.datasets.frames.names import (
    ITEM_NAMES,
    RATING_NAMES,
    TIME_NAMES,
    TITLE_NAMES,
    USER_NAMES,
    plain_name,
)
from ramgnn.datasets.frames.table import Origin, Table
from ramgnn.datasets.layout import read_layout
from ramgnn.datasets.naming import file_called
from ramgnn.errors import DataError

FORM = "RecBole's atomic files"
QUOTE = '"'
TYPES = ("token", "token_seq", "float", "float_seq")


AUTO = "auto"  # of a quote: found out for each column of attributes


def atomic(folder: Path, progress: bool, encoding: str | None = None, quote: str | None = AUTO) -> Found | None:
    """The atomic files of a folder, or None; `quote` is the character around their fields, None for none.

    Raises:
        DataError: there are several ``.inter`` files, or a header has no types.
    """
    files = [path for path in visible(folder) if path.suffix.lower() == ".inter" and path.is_file()]
    if not files:
        return None
    if len(files) > 1:
        raise DataError(
            f"there are {len(files)} files of interactions: {', '.join(path.name for path in files)}",
            file=folder,
            expected="one file NAME.inter, with NAME.item and NAME.user beside it",
            fix=f"name the one that is meant instead of the folder: {files[0]}",
        )
    return of_file(files[0], progress, encoding, quote)


def of_file(inter: Path, progress: bool, encoding: str | None = None, quote: str | None = AUTO) -> Found:
    """The atomic files that have the name of this ``.inter`` file.

    Raises:
        DataError: a header has no types.
    """
    items, users = (file_called(inter.parent, f"{inter.stem}{end}") for end in (".item", ".user"))
    written = encoding or "utf-8"
    said = None if quote == AUTO else quote
    types = _types(inter, written, said)
    kinds = {c: {"token": ID, "float": NUMBER}.get(kind, UNREAD) for c, kind in types.items()}
    # the names without their types are looked for in the order of the usual ones
    user, item, time = (_first(types, names) for names in (USER_NAMES, ITEM_NAMES, TIME_NAMES))
    line = read_layout(inter, "\t", quote=said, encoding=written).line
    ratings = Ratings(inter, {f"{c}:{types[c]}": kind for c, kind in kinds.items()}, "\t", line, said, written)

    def read(columns: Sequence[str]) -> pd.DataFrame:
        if time in columns and types[time] == "float":  # read as numbers, which no longer say how they were written
            texts = first_ratings(ratings, [f"{time}:{types[time]}"])[f"{time}:{types[time]}"].str.strip()
            check_rounded(texts, pd.to_numeric(texts, errors="coerce").to_numpy(np.float64), inter)
        rows = read_ratings(ratings, [f"{c}:{types[c]}" for c in columns], progress)
        rows.columns = list(dict.fromkeys(columns))
        return rows.assign(**{time: _seconds(rows[time])}) if time in rows else rows

    def head(columns: Sequence[str]) -> pd.DataFrame:
        return first_ratings(ratings, [f"{c}:{types[c]}" for c in columns]).set_axis(list(columns), axis=1)

    notes: list[str] = []
    return Found(
        FORM,
        f"{inter.name} is there",
        Table(Origin(inter.name, inter, line), tuple(types), read, head=head, blank=ratings.blank),
        items and _attributes(items, item, encoding, quote, notes),
        users and _attributes(users, user, encoding, quote, notes),
        Columns(user, item, time, rating=_first(types, RATING_NAMES)),
        others(inter.parent, inter, items, users),
        notes,
    )


def _types(path: Path, encoding: str, quote: str | None) -> dict[str, str]:
    """The columns of a file with their types.

    Raises:
        DataError: a column has no type, or one that there is not.
    """
    layout = read_layout(path, "\t", quote=quote, encoding=encoding)
    types = {}
    for text in layout.columns:
        column, _, kind = text.rpartition(":")
        if not column or kind not in TYPES:
            raise DataError(
                f"the column {text!r} has no type",
                file=path,
                line=layout.line,
                expected=f"NAME:TYPE with one of the types {', '.join(TYPES)}, as in user_id:token, and tabs between",
                fix=f"pass {option('quote', QUOTE)}, since the header stands in quotes"
                if quote is None and text[:1] == QUOTE
                else "write the types into the header",
            )
        types[column] = kind
    return types


def _first(columns: Sequence[str], names: str) -> str | None:
    """The column that is called like the first possible one of `names`."""
    by_plain_name = {plain_name(column): column for column in columns}
    return next((by_plain_name[name] for name in names.split() if name in by_plain_name), None)


def _seconds(times: pd.Series) -> pd.Series:
    """Numbers that are all seconds since 1970 without their fractions; others as they are."""
    if times.dtype != np.float64 or times.abs().max() >= 2**53:
        return times
    whole = pd.Series(np.floor(times.to_numpy()).astype(np.int64), index=times.index)
    return whole if are_seconds(whole) else times


def _attributes(path: Path, id_column: str | None, encoding: str | None, quote: str | None, notes: list[str]) -> Table:
    """Items or users: the cells of each column by its type; the id and the title stay text."""
    said = None if quote == AUTO else quote
    encoding = encoding_of(path, encoding)
    types = _types(path, encoding, said)
    line = read_layout(path, "\t", quote=said, encoding=encoding).line
    title = _first(types, TITLE_NAMES)

    blank: list[int] = []

    def read(columns: Sequence[str]) -> pd.DataFrame:
        blank.clear()
        texts = read_text(
            path, [f"{c}:{kind}" for c, kind in types.items()], "\t", encoding, has_header=True, blank=blank, quote=said
        )
        texts.columns = list(types)
        texts = texts[list(dict.fromkeys(columns))]
        if quote == AUTO:
            texts = pd.DataFrame({c: _without_quotes(texts[c], path.name, notes) for c in texts})
        return texts.assign(
            **{c: _cells(texts[c], types[c], path) for c in texts if c not in (id_column, title, columns[0])}
        )

    spare = frozenset(c for c, kind in types.items() if kind == "float_seq")
    return Table(Origin(path.name, path, line), tuple(types), read, spare=spare, blank=blank)


def _without_quotes(texts: pd.Series, name: str, notes: list[str]) -> pd.Series:
    """The cells of a column as they are, or without the quotes that pandas puts around those that contain one.

    A quote is a letter in RecBole's files. Where each cell that has one begins and ends with one and doubles those
    inside, and some do, they were written by a program that quotes.
    """
    quoted = texts.str.contains(QUOTE, regex=False)
    some = texts[quoted].str.strip()
    well = some.str.fullmatch(r'"(?:[^"]|"")*"')
    doubled = some.str.slice(1, -1).str.contains('""', regex=False)
    if not len(some) or not well.all() or not (doubled.any() or quoted.all()):
        return texts
    plain = some.str.slice(1, -1).str.replace('""', QUOTE, regex=False)
    notes.append(
        f"{len(some):,} cells of column {texts.name!r} of {name} stand in quotes, first {plain.iloc[0]!r}, and were "
        f"read without them; {option('quote', None)} keeps them"
    )
    return texts.where(~quoted, plain.reindex(texts.index))


def _cells(texts: pd.Series, kind: str, path: Path) -> pd.Series:
    """The cells of a column: numbers, or lists of values, so that nothing else divides them.

    Raises:
        DataError: a float is none.
    """
    if kind != "float":
        return texts.map(lambda text: text.split(" ") if kind.endswith("_seq") else [text])
    known = texts.str.strip() != ""
    numbers = pd.to_numeric(texts.where(known), errors="coerce")
    if (wrong := numbers.isna() & known).any():
        line = wrong.index[wrong][0]
        raise DataError(
            f"{texts[line]!r} in column {texts.name!r} is no number",
            file=path,
            line=int(line),
            expected=f"a number or an empty cell, since the header says {texts.name}:float",
            fix=f"mend the cell, or write {texts.name}:token into the header",
        )
    return numbers
