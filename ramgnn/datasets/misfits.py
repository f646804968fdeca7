"""Rows whose fields or quotes do not fit the table: finds out the cause and says it, with the line and the remedy.

A cause is named when the row, read the way that it suggests, fits.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ramgnn.advice import option, options
from ramgnn.datasets.headers import column_of_times
from ramgnn.errors import DataError

if TYPE_CHECKING:
    from ramgnn.datasets.layout import Form, Layout

BACKSLASH = "\\"
SHOWN = 60  # characters of a line that are shown


# ---- options and headers


def wrong_character(name: str, value: object, expected: str, example: str) -> DataError:
    """The error for a separator, quote or escape that is none; `example` is an option that would do."""
    return DataError(f"{option(name, value)} cannot be used", expected=expected, fix=f"pass another, such as {example}")


def check_one_column(path: Path, line: int, header: str, sep: str, separators: dict[str, str]) -> None:
    """Refuse a header of one column that contains another separator (text -> its name)."""
    other = next((s for s in reversed(separators) if s != sep and s in header), None)
    if other is not None:
        raise DataError(
            f"only one column was found, {header!r}, and it contains {other!r}",
            file=path,
            line=line,
            expected=f"columns separated by {separators.get(sep, repr(sep))}",
            fix=f"pass {option('sep', other)} or, where the files differ, leave it out: the columns of this one "
            f"seem to be separated by {separators[other]}",
        )


def above_header(path: Path, line: int, text: str, n: int, width: int, below: Sequence[str]) -> DataError:
    """The error for a first line `text` with `n` columns above rows of `width`, the first of which is `below`."""
    return DataError(
        f"the first line has {n} column{'s' * (n != 1)} and the lines below it have {width}, so that it may be no "
        f"header: {_short(text)!r}",
        file=path,
        line=line,
        expected=f"the names of {width} columns on the first line",
        fix="remove what stands above the header; the first line like the others has "
        f"{', '.join(map(repr, below[:5]))}{', …' * (len(below) > 5)}. Or name all columns on the first line",
    )


def first_line_is_data(path: Path, line: int, why: str, beside: Mapping[str, str] | None = None) -> DataError:
    """The error for a file without a header: `why` its first line looks like a row, and which options to pass then."""
    advice = options({"header": False, **(beside or {})})
    return DataError(
        f"the first line looks like a row and not like a header: {why}",
        file=path,
        line=line,
        expected="the names of the columns",
        fix=f"put a header above the first line, or pass {advice}" + (" if these are the columns" if beside else ""),
    )


def numbered_columns(layout: Layout) -> dict[str, str]:
    """What to pass beside ``header=False`` for interactions: the first two columns and the one that holds times."""
    time = column_of_times(layout.first, layout.rows)
    named = {"user_column": "1", "item_column": "2"}
    return named | ({"time_column": str(time + 1)} if time is not None and time > 1 else {})


def many_columns(path: Path, line: int, columns: Sequence[str], name: str) -> DataError:
    """The error for a table with a great many columns; `name` is the option that picks some."""
    return DataError(
        f"the table has {len(columns):,} columns, and each would become a relation type",
        file=path,
        line=line or None,
        expected="columns such as a genre or a year, whose values join rows",
        fix=f"name those that are to be used, such as {option(name, ','.join(columns[1:3]))}",
    )


# ---- rows


def ragged_row(
    path: Path, lines: tuple[int, int], row: Sequence[str], raw: Sequence[str], layout: Layout, form: Form
) -> DataError:
    """The error for a row with too few or too many fields.

    Args:
        path: the file.
        lines: the first and the last line of the row.
        row: its fields.
        raw: its text, line by line.
        layout: how the table is laid out.
        form: how it is written.
    """
    n, width, sep = len(row), len(layout.columns), layout.sep
    first, last = lines
    causes = _causes(raw, layout, form)
    if last > first and form.quote:
        what = f"a quote that opens on line {first} is closed only on line {last}"
        causes = [*causes, f"close it, or write {form.quote} inside a field as {form.quote * 2}"]
        fix = f"{what}: " + "; or ".join(causes)
    elif causes:
        fix = "; or ".join(causes)
    elif layout.rows and all(len(other) == width + 1 for other in layout.rows) and n == width + 1:
        fix = "every row has one field more than the header: write a name for the missing column there, or leave out "
        fix += f"the last {sep!r} of the rows" if not row[-1].strip() else "the field"
    elif n > width:
        fix = _too_many(row, width, sep, form)
    else:
        fix = "add what is missing (an empty field still needs its separator), or remove the line"
    shown = ", ".join(layout.columns[:8]) + (", …" if width > 8 else "")
    return DataError(
        f"the line has {n} {'field' if n == 1 else 'fields'}",
        file=path,
        line=first,
        expected=f"{width} fields: {shown}",
        fix=fix,
    )


def _too_many(row: Sequence[str], width: int, sep: str, form: Form) -> str:
    """What to do about a separator inside a field that is not in quotes."""
    surplus = len(row) - width
    if not row[-1].strip() and surplus == 1:
        return f"remove the {sep!r} at the end of the line, or put quotes around a field that contains {sep!r}"
    # a title goes on behind its comma with a space, while a new field begins without one
    going_on = [place for place, field in enumerate(row) if place and field.startswith(" ") and field.strip()]
    together = len(going_on) == surplus and going_on[-1] - going_on[0] == surplus - 1
    field = sep.join(row[going_on[0] - 1 : going_on[-1] + 1]) if together else ""
    if not form.quote:
        return f"write the file with another separator, for a field contains {sep!r} and quoting is off"
    if field:
        return f"put quotes around the field that contains {sep!r}: {form.quote}{_short(field)}{form.quote}"
    return f"put quotes around a field that contains {sep!r}; now the fields are {_short(' | '.join(row), 200)}"


def wrong_quotes(
    path: Path, lines: tuple[int, int], problem: str, raw: Sequence[str], layout: Layout, form: Form
) -> DataError:
    """The error for quotes that do not fit (`problem` is the csv module's word); the rest as for `ragged_row`."""
    first, last = lines
    sep, quote = layout.sep, form.quote or '"'
    if "field larger" in problem and last == first:
        return DataError(
            f"a field has more than {csv.field_size_limit() // 2**20} MB",
            file=path,
            line=first,
            expected="shorter fields",
            fix="check what this file is, or leave the column out of it",
        )
    if "unexpected end" in problem or last > first:
        before = f" before line {last}" if last > first else ""
        what = f"a quote opens on this line and is not closed{before}"
    else:
        what = f"text follows a closing quote ({problem})"
    causes = _causes(raw, layout, form)
    causes += [
        f"put the whole field in quotes and double the quotes inside it: {quote}He said {quote * 2}no{quote * 3}"
    ]
    return DataError(
        what,
        file=path,
        line=first,
        expected=f"a field in quotes, followed by {sep!r} or the end of the line",
        fix="; or ".join(causes),
    )


def swallowed(path: Path, first: int, last: int) -> DataError:
    """The error for a field in quotes that contains whole rows: those of the lines `first` to `last`."""
    return DataError(
        f"a quote that opens on this line is closed only on line {last}, and each line between would be a row",
        file=path,
        line=first,
        expected="a field in quotes to end on its line, or to contain no rows",
        fix=f"pass {option('quote', None)} if quotes are letters in this file; or close the quote",
    )


def space_before_quote(path: Path, line: int, layout: Layout, form: Form) -> DataError:
    """The error for spaces between a separator and a quote in a file that began without any."""
    return DataError(
        f"a space stands between {layout.sep!r} and {form.quote}, so that the quote would be a letter of the field",
        file=path,
        line=line,
        expected=f"a field in quotes to begin right behind {layout.sep!r}, as on the lines before",
        fix=f"remove the space, or pass {option('quote', None)} if quotes are letters in this file",
    )


def repeated_header(path: Path, line: int) -> DataError:
    """The error for a line that is the header once more."""
    return DataError(
        "the header stands here again",
        file=path,
        line=line,
        expected="one header, on the first line",
        fix="remove the line: it seems that files were joined",
    )


def unit_character(path: Path, line: int) -> DataError:
    """The error for the control character that stands for a separator of several characters while it is read."""
    return DataError(
        "there is the control character 0x1f",
        file=path,
        line=line,
        expected="text without control characters, where the separator has several characters",
        fix="remove it, or write the file with a separator of one character",
    )


def _causes(raw: Sequence[str], layout: Layout, form: Form) -> list[str]:
    """What would make the first line of a row fit, the likeliest first."""
    from ramgnn.datasets.layout import parse  # which imports this module

    if not raw or form.quote is None:
        return []
    line, sep, quote, width = raw[0], layout.sep, form.quote, len(layout.columns) + layout.trailing

    def fits(text: str, form: Form, spaced: bool = layout.spaced) -> bool:
        return [len(row) for row in parse([text], sep, form, spaced, strict=True)] == [width]

    causes = []
    if form.escape is None and BACKSLASH + quote in line and fits(line, replace(form, escape=BACKSLASH)):
        causes.append(
            f"pass {option('escape', BACKSLASH)} since quotes inside fields are written {BACKSLASH}{quote} here"
        )
    tidy = re.sub(f"{re.escape(quote)} +{re.escape(sep)}", lambda _: quote + sep, line)
    if tidy != line and fits(tidy, form):
        causes.append(f"remove the space between the closing quote and {sep!r}")
    if not layout.spaced and sep != " " and fits(line, form, True):
        causes.append(f"remove the space between {sep!r} and the quote")
    if not causes and fits(line, replace(form, quote=None)):
        causes.append(f"pass {option('quote', None)} if quotes are letters in this file")
    return causes


def _short(text: str, most: int = SHOWN) -> str:
    text = text.strip("\r\n ")
    return text if len(text) <= most else text[: most - 1] + "…"
