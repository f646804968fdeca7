"""Read a table of text, check every line of it, and say exactly where it is wrong.

All cells stay text ("007" stays "007", "NA" stays "NA"), each row keeps its line number in the file, and nothing is
guessed about the contents. Files are read once, in pieces, so that tables of several gigabytes fit. How a table is
laid out is found out in `ramgnn.datasets.layout`; what can be wrong is in `ramgnn.datasets.faults` and `misfits`.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path

import pandas as pd

from ramgnn.datasets import faults, misfits
from ramgnn.datasets.headers import Header
from ramgnn.datasets.layout import (
    UNIT,
    Form,
    Layout,
    allow_long_fields,
    check_form,
    dialect,
    has_spaces_before_quotes,
    read_layout,
    with_unit,
    without_unit,
)
from ramgnn.datasets.opened import open_text, raw_lines
from ramgnn.errors import DataError

__all__ = ["read_chunks", "read_table"]

ROWS_AT_A_TIME = 100_000
SHARED_TEXTS = 1_000_000  # cells with the same text share memory until a column has this many different ones
LINES_EXPLAINED = 100  # of a row that does not fit


def read_table(
    path: str | os.PathLike,
    required: Sequence[str] = (),
    optional: Sequence[str] | None = None,
    sep: str | None = None,
    *,
    encoding: str = "utf-8",
    quote: str | None = '"',
    escape: str | None = None,
    columns: Sequence[str] | None = None,
    header: bool = True,
    progress: bool = False,
    blank: list[int] | None = None,
) -> pd.DataFrame:
    """Read a table as text; the index, called ``line``, is the line of the file that each row begins on.

    A field may have 16 MB, a line 64 MB and 100,000 fields. Spaces between a separator and a quote are left out where
    the first lines have such, and so is a separator at the end of every row.

    Args:
        path: the file, plain or gzipped (told by its first bytes); a byte-order mark and CRLF are accepted.
        required: columns that must be there.
        optional: columns to keep besides if they are there; None keeps every column.
        sep: what stands between fields, one character or several; None takes the one of ``, tab ; | ::`` that divides
            the first lines alike, and into most columns.
        encoding: of the text.
        quote: the character around fields that contain the separator (doubled inside); None for no quoting.
        escape: the character before one that stands for itself, such as a backslash before a quote; None for none.
        columns: the names of the columns of a file without a header.
        header: whether there is one; without it and without `columns`, the columns are called ``1``, ``2``, …
        progress: show a bar of bytes.
        blank: where the lines go that hold separators and nothing else, as spreadsheets write them;
            None keeps them as rows.

    Raises:
        DataError: the file is missing or empty, has only a header, is no text table, lacks a column, names one twice,
            has another separator, has a line with too few or too many fields, a quote that is never closed, NUL
            bytes, bytes that are not `encoding`, ends in the middle, changes meanwhile, or is beyond the bounds above.
    """
    options = {"encoding": encoding, "quote": quote, "escape": escape, "columns": columns, "header": header}
    return pd.concat(read_chunks(path, required, optional, sep, progress=progress, blank=blank, **options))


def read_chunks(
    path: str | os.PathLike,
    required: Sequence[str] = (),
    optional: Sequence[str] | None = None,
    sep: str | None = None,
    *,
    encoding: str = "utf-8",
    quote: str | None = '"',
    escape: str | None = None,
    columns: Sequence[str] | None = None,
    header: bool = True,
    progress: bool = False,
    rows: int = ROWS_AT_A_TIME,
    blank: list[int] | None = None,
) -> Iterator[pd.DataFrame]:
    """Read a table like `read_table`, in pieces of `rows` rows, for files that do not fit in memory."""
    path = Path(path)
    form = check_form(Form(sep, encoding, quote, escape))
    layout = read_layout(path, sep, encoding=encoding, quote=quote, escape=escape, columns=columns, header=header)
    keep = _select(path, layout, required, optional)
    pools: list[dict[str, str]] = [{} for _ in keep]
    empty = True
    for lines, cells in _blocks(path, layout, form, progress, rows, keep, blank):
        empty = False
        shared = [_share(column, pool) for column, pool in zip(cells, pools, strict=True)]
        names = [layout.columns[i] for i in keep]
        # dtype=str: text in pandas 3 and object in pandas 2, where a column of text is object anyway
        yield pd.DataFrame(dict(zip(names, shared, strict=True)), index=pd.Index(lines, name="line"), dtype=str)
    if empty:
        raise faults.no_rows(path, has_header=layout.line > 0)


def _select(path: Path, layout: Layout, required: Sequence[str], optional: Sequence[str] | None) -> list[int]:
    """Positions of the columns to keep: the required ones, then the optional ones, or all in the order of the file."""
    for name in required:
        if name not in layout.columns:
            hint = ""
            if layout.line and layout.data_like:
                hint = f"the first line looks like data; put a header above it: {layout.sep.join(required)}"
            raise faults.missing_column(name, layout.columns, hint, file=path, line=layout.line or None)
    if optional is None:
        return list(range(len(layout.columns)))
    names = dict.fromkeys([*required, *(name for name in optional if name in layout.columns)])
    return [layout.columns.index(name) for name in names]


def _blocks(
    path: Path, layout: Layout, form: Form, progress: bool, rows: int, keep: list[int], blank: list[int] | None
) -> Iterator[tuple[list[int], list[Sequence[str]]]]:
    """The line numbers and the kept columns of up to `rows` rows at a time, each line checked; see `read_table`."""
    sep, quote, start, trailing = layout.sep, form.quote, layout.start, layout.trailing
    n_fields = len(layout.columns) + trailing
    pick: Callable = itemgetter(*keep) if len(keep) > 1 else lambda row: (row[keep[0]],)
    if len(sep) > 1:
        pick = lambda row, pick_plain=pick: pick_plain(without_unit(row, sep))  # noqa: E731
    header = Header(layout.columns if layout.line else (), form.quote)
    spotted: list[str] = []  # lines with a space between a separator and a quote
    allow_long_fields()
    with open_text(path, form.encoding, progress) as opened:
        looks = quote is not None and not layout.spaced and sep != " "
        source = opened.lines((sep,), f"{sep} {quote}" if looks else "\0", spotted)
        if form.escape == "\\":
            source = _with_null(source, sep)
        if len(sep) > 1:
            source = _without_unit(source, path)
        reader = csv.reader(with_unit(source, sep), **dialect(sep, form, layout.spaced))
        lines: list[int] = []
        picked: list[tuple[str, ...]] = []
        last = 0
        try:
            while last < start - 1 and (row := next(reader, None)) is not None:  # the header and what is above it
                line, last = last + 1, reader.line_num
                if last >= start:
                    raise _ragged(path, (line, last), row, layout, form)
            for row in reader:
                line, last = last + 1, reader.line_num
                if len(row) != n_fields or (trailing and row[-1].strip()):
                    if not row or (len(row) == 1 and not row[0].strip()):
                        continue  # an empty line
                    raise _ragged(path, (line, last), row, layout, form)
                if blank is not None and len(row) > 1 and not row[0].strip() and not any(map(str.strip, row)):
                    blank.append(line)
                    continue
                if spotted or last - line > 0:
                    _check_quotes(path, (line, last), row, spotted, layout, form)
                if header.has(row[header.place]) and header.is_repeated_by(row):
                    raise misfits.repeated_header(path, line)
                lines.append(line)
                picked.append(pick(row))
                if len(lines) == rows:
                    opened.advance()
                    yield lines, list(zip(*picked, strict=True))
                    lines, picked = [], []
        except csv.Error as error:
            place = last + 1, reader.line_num
            raw = raw_lines(path, form.encoding, place[0], min(place[1], place[0] + LINES_EXPLAINED))
            raise misfits.wrong_quotes(path, place, str(error), raw, layout, form) from None
        opened.advance()
        if lines:
            yield lines, list(zip(*picked, strict=True))


def _ragged(path: Path, place: tuple[int, int], row: list[str], layout: Layout, form: Form) -> DataError:
    """The error for a row that does not fit, with what stands in the file."""
    raw = raw_lines(path, form.encoding, place[0], min(place[1], place[0] + LINES_EXPLAINED))
    return misfits.ragged_row(path, place, without_unit(row, layout.sep), raw, layout, form)


def _without_unit(lines: Iterator[str], path: Path) -> Iterator[str]:
    """The lines; the character that is to stand for a separator of several ones is an error."""
    for number, line in enumerate(lines, 1):
        if UNIT in line:
            raise misfits.unit_character(path, number)
        yield line


def _with_null(lines: Iterator[str], sep: str) -> Iterator[str]:
    r"""The lines; where a backslash escapes, ``\N`` between separators is MySQL's missing value and no letter N."""
    null = re.compile(rf"(?:(?<={re.escape(sep)})|^)\\N(?={re.escape(sep)}|\r?\n|\Z)")
    for line in lines:
        yield null.sub(r"\\\\N", line) if "\\N" in line else line


def _swallows(row: list[str], sep: str, n_fields: int) -> bool:
    """Whether a row has a field of several lines, each of which would be a row of its own without the quotes.

    Of two lines and few fields this may be chance, as in ``1,"one\ntwo, three"``.
    """
    place = next((n for n, field in enumerate(row) if "\n" in field), None)
    if place is None:
        return False
    head, *between, tail = row[place].split("\n")
    if not between and n_fields < 4:
        return False
    mark = sep if len(sep) == 1 else UNIT
    before = sum(field.count(mark) + 1 for field in row[:place])
    behind = sum(field.count(mark) + 1 for field in row[place + 1 :])
    inside = [before + head.count(mark), *(text.count(mark) for text in between), tail.count(mark) + behind]
    return all(n == n_fields - 1 for n in inside)


def _check_quotes(
    path: Path, place: tuple[int, int], row: list[str], spotted: list[str], layout: Layout, form: Form
) -> None:
    """Refuse a row that is whole but seems to be so by a quote that is a letter, or by one that is none.

    Args:
        path: the file.
        place: the first and the last line of the row.
        row: its fields.
        spotted: its lines with a space between a separator and a quote; emptied.
        layout, form: of the file.
    """
    if place[1] > place[0] and _swallows(row, layout.sep, len(layout.columns) + layout.trailing):
        raise misfits.swallowed(path, *place)
    opens = has_spaces_before_quotes(spotted, layout.sep, form)
    spotted.clear()
    if opens:
        raise misfits.space_before_quote(path, place[0], layout, form)


def _share(column: Sequence[str], pool: dict[str, str]) -> list[str]:
    """The same texts, equal ones being one object: an id that stands in a million rows takes memory once."""
    if len(pool) > SHARED_TEXTS:
        return list(column)
    return [pool.setdefault(text, text) for text in column]
