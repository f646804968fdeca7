"""How a table of text is laid out: what stands between its columns, what they are called, where its rows begin.

What is not said is found out from the first lines (`SAMPLE_LINES` of them), and what was found out is said in
`Layout.notes`. Whatever fits no such reading is an error, never a guess.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ramgnn.advice import option
from ramgnn.datasets import faults, misfits
from ramgnn.datasets.headers import looks_like_data
from ramgnn.datasets.opened import check_text, open_text
from ramgnn.errors import DataError

# what a file may be divided by when nothing is said; where two divide it equally well, the first
SEPARATORS = {",": "a comma", "\t": "a tab", ";": "a semicolon", "|": "a bar", "::": "two colons"}
FIELD_LIMIT = 16 * 2**20  # characters
UNIT = "\x1f"  # stands for a separator of several characters, since the csv module knows single ones only
SAMPLE_LINES, SAMPLE_CHARACTERS = 1_000, 2**20
FITTING = 0.9  # a separator that divides this share of the first lines like the header is taken for one


@dataclass(frozen=True)
class Form:
    """How a table is written, as far as it was said.

    Attributes:
        sep: what stands between columns; None to find it out.
        encoding: of the text.
        quote: the character around fields that contain the separator (doubled inside); None for no quoting.
        escape: the character before one that stands for itself; None for none.
    """

    sep: str | None = None
    encoding: str = "utf-8"
    quote: str | None = '"'
    escape: str | None = None


@dataclass(frozen=True)
class Layout:
    """How a table is laid out.

    Attributes:
        columns: their names in order.
        sep: what stands between them.
        line: the line its header stands on; 0 without one.
        start: the line its rows begin on, or an empty one before it.
        spaced: whether spaces may stand between a separator and a quote.
        trailing: whether every row ends with a separator too many.
        data_like: why the line of the header looks like a row, or "".
        first: the cells of the first line that is not empty, and `rows` of some lines below it.
        notes: what was found out and not said, for the reader.
    """

    columns: tuple[str, ...]
    sep: str
    line: int
    start: int = 0
    spaced: bool = False
    trailing: bool = False
    data_like: str = ""
    first: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


def read_layout(
    path: str | os.PathLike,
    sep: str | None = None,
    *,
    encoding: str = "utf-8",
    quote: str | None = '"',
    escape: str | None = None,
    columns: Sequence[str] | None = None,
    header: bool = True,
) -> Layout:
    """Find the columns, the separator and the line of the header of a table from its first lines.

    Columns without a name are called ``unnamed 1``, ``unnamed 2``, … after their place; those of a file without a
    header ``1``, ``2``, …

    Args:
        path: the file; sep, encoding, quote, escape, columns, header: as in `ramgnn.datasets.reading.read_table`.

    Raises:
        DataError: the file is no table of text, or an option is none.
    """
    path = Path(path)
    faults.check_kind(path)
    form = check_form(Form(sep, encoding, quote, escape))
    check_text(path, encoding)
    line, lines = _first_lines(path, encoding)
    if announced := re.fullmatch(r'"?sep=(.)"?', lines[0].strip("\r\n")):  # Excel's own way to say it
        form = check_form(Form(form.sep or announced[1], encoding, quote, escape))
        lines = lines[1:]
        if not (lines := lines[next((n for n, text in enumerate(lines) if text.strip()), len(lines)) :]):
            raise faults.no_rows(path, has_header=False)
        line, _ = _first_lines(path, encoding, after=line)
    sep = form.sep or _guess_separator(lines, form)
    spaced = has_spaces_before_quotes(lines, sep, form)
    first, *rows = parse(lines, sep, form, spaced) or [[""]]
    notes = []
    if spaced:
        notes.append(f"spaces between {sep!r} and a quote were left out")
    if form.sep is None and sep not in (",", "\t"):
        other = f"; {option('sep', ',')} would divide them at ','" if _comma_works(lines, sep, form) else ""
        notes.append(f"its columns are divided at {sep!r}{other}")
    data_like = looks_like_data([cell.strip() for cell in first], rows)
    if columns is not None:
        trailing = _ends_with_separators(len(columns), [first, *rows])
        return Layout(tuple(columns), sep, 0, line, spaced, trailing, data_like, tuple(first), _few(rows), tuple(notes))
    if not header:
        width = Counter(map(len, [first, *rows])).most_common(1)[0][0]
        names = [str(place) for place in range(1, width + 1)]
    else:
        # a header whose quotes do not fit is divided at every separator; the reader will complain with its line
        names = [name.strip() for name in _fields(lines[0], sep, form, spaced) or lines[0].rstrip("\r\n").split(sep)]
        if below := _header_below(lines, first, rows, form):
            raise misfits.above_header(path, line, lines[0], *below)
        if len(names) == 1:
            misfits.check_one_column(path, line, names[0], sep, SEPARATORS)
        if not names[-1] and rows and all(len(row) == len(names) - 1 for row in rows):
            names = names[:-1]
            notes.append(f"the header ends with one {sep!r} more than the rows, which was left out")
    trailing = header and _ends_with_separators(len(names), rows)
    if trailing:
        notes.append(f"every row ends with one {sep!r} too many, which was left out")
    named = tuple(name or f"unnamed {place}" for place, name in enumerate(names, 1))
    if twice := next((name for name, n in Counter(named).items() if n > 1), None):
        if data_like:
            raise misfits.first_line_is_data(path, line, data_like)
        raise faults.repeated_column(twice, file=path, line=line)
    at = (line, line + 1) if header else (0, line)
    return Layout(named, sep, *at, spaced, trailing, data_like, tuple(first), _few(rows), tuple(notes))


def check_form(form: Form) -> Form:
    r"""The form with ``"\\t"``, as it is typed on a shell, for a tab.

    Raises:
        DataError: the separator, the quote and the escape are no characters that can be told apart.
    """
    sep = "\t" if form.sep == r"\t" else form.sep
    if sep is not None and (not isinstance(sep, str) or not sep or set(sep) & set("\r\n\0" + UNIT)):
        raise misfits.wrong_character("sep", sep, "text between columns, such as ',' or '::'", option("sep", ","))
    for name, value in (("quote", form.quote), ("escape", form.escape)):
        if value is not None and (not isinstance(value, str) or len(value) != 1 or value in " \r\n\0" + UNIT):
            raise misfits.wrong_character(name, value, "one character, or none", option(name, None))
    marks = [mark for mark in (form.quote, form.escape) if mark is not None]
    if len(set(marks)) < len(marks) or (sep is not None and set(sep) & set(marks)):
        raise misfits.wrong_character(
            "quote", form.quote, "three different characters to separate, quote and escape", option("quote", None)
        )
    return Form(sep, form.encoding, form.quote, form.escape)


# ---- rows of text ----------------------------------------------------------------------------------------------------


def dialect(sep: str, form: Form, spaced: bool, strict: bool = True) -> dict:
    """What `csv.reader` is to be told; a separator of several characters is to be replaced by `UNIT` in its lines."""
    told = {"delimiter": sep if len(sep) == 1 else UNIT, "escapechar": form.escape}
    if form.quote is None:
        return told | {"quoting": csv.QUOTE_NONE}
    return told | {"quotechar": form.quote, "strict": strict, "skipinitialspace": spaced}


def with_unit(lines: Iterable[str], sep: str) -> Iterable[str]:
    """Lines with `UNIT` in place of a separator of several characters."""
    return lines if len(sep) == 1 else (line.replace(sep, UNIT) for line in lines)


def without_unit(row: list[str], sep: str) -> list[str]:
    """Fields of lines as `with_unit` gives them, with the separator inside quotes as it was."""
    return [field.replace(UNIT, sep) for field in row] if len(sep) > 1 else row


def allow_long_fields() -> None:
    """Raise the csv module's limit of 128 KB to `FIELD_LIMIT`; a higher one that somebody has set stays."""
    csv.field_size_limit(max(csv.field_size_limit(), FIELD_LIMIT))


def parse(lines: Sequence[str], sep: str, form: Form, spaced: bool = False, strict: bool = False) -> list[list[str]]:
    """The rows of some lines, as far as they can be read; no empty ones."""
    allow_long_fields()
    rows = []
    try:
        for row in csv.reader(with_unit(lines, sep), **dialect(sep, form, spaced, strict)):
            if len(row) > 1 or (row and row[0].strip()):
                rows.append(without_unit(row, sep))
    except csv.Error:
        pass
    return rows


def _fields(line: str, sep: str, form: Form, spaced: bool) -> list[str] | None:
    """The fields of one line, or None if its quotes do not fit this separator."""
    return next(iter(parse([line], sep, form, spaced, strict=True)), None)


# ---- what the first lines say ----------------------------------------------------------------------------------------


def _first_lines(path: Path, encoding: str, after: int = 0) -> tuple[int, list[str]]:
    """Number of the first line (behind `after`) that is not empty, and some lines from there on."""
    with open_text(path, encoding) as opened:
        lines: Iterator[tuple[int, str]] = islice(enumerate(opened.lines(tuple(SEPARATORS)), 1), after, None)
        for number, line in lines:
            if line.strip():
                sample, characters = [line], len(line)
                for _, text in islice(lines, SAMPLE_LINES - 1):
                    if (characters := characters + len(text)) > SAMPLE_CHARACTERS:
                        break
                    sample.append(text)
                return number, sample
    raise DataError("the file is empty", file=path, expected="a header and rows", fix="check the export or copy")


def _guess_separator(lines: Sequence[str], form: Form) -> str:
    """The separator that divides the first lines like the header, into most columns; a comma if none does."""

    def fit(sep: str) -> tuple[bool, float]:
        header, *rows = parse(lines, sep, form, spaced=True) or [[]]
        width = len(header)
        if width < 2:
            return False, -1.0
        alike = [abs(len(row) - width) < 2 and (len(row) == width or not max(row, header, key=len)[-1]) for row in rows]
        share = sum(alike) / len(alike) if alike else 1.0
        return (True, width) if share >= FITTING else (False, share)

    possible = [sep for sep in SEPARATORS if not set(sep) & {form.quote, form.escape}]
    return max(possible, key=fit)


def _header_below(
    lines: Sequence[str], first: Sequence[str], rows: Sequence[Sequence[str]], form: Form
) -> tuple[int, int, list[str]] | None:
    """Number of columns in the first line and in those below, and the first of these; None where the first is a header.

    A line above the header ("Export of 1 March") has fewer cells than the rows, whatever divides them.
    """
    as_wide = bool(rows) and Counter(map(len, rows)).most_common(1)[0][0] == len(first)
    if as_wide and _filled(first) > 1:
        return None
    for sep in [form.sep] if form.sep else SEPARATORS:
        if set(sep) & {form.quote, form.escape}:
            continue
        above, *below = parse(lines, sep, form, spaced=True) or [[]]
        width, n = Counter(map(len, below)).most_common(1)[0] if below else (0, 0)
        filled = _filled(above)
        most = max(map(_filled, below), default=0)
        if len(below) < 2 or n < FITTING * len(below) or width < 2 or (as_wide and most < 3):
            continue
        if filled <= max(1, most - 2) and (filled < most - 1 or len(above) == 1) and most > filled:
            return filled, most, below[0]
    return None


def _filled(row: Sequence[str]) -> int:
    """How many fields a row has without the empty ones at its end."""
    return max((place for place, field in enumerate(row, 1) if field.strip()), default=0)


def _comma_works(lines: Sequence[str], sep: str, form: Form) -> bool:
    """Whether a comma would divide all of the first lines alike, two of its columns being free of `sep`."""
    if "," in (form.quote, form.escape):
        return False
    rows = parse(lines, ",", form, spaced=True)
    free = [place for place, name in enumerate(rows[0] if rows else []) if sep not in name]
    return len(free) > 1 and all(len(row) == len(rows[0]) for row in rows)


def has_spaces_before_quotes(lines: Sequence[str], sep: str, form: Form) -> bool:
    """Whether a field begins with spaces and a quote that opens it: ``a, "b, c"``."""
    if form.quote is None or sep == " " or not any(f"{sep} " in line and form.quote in line for line in lines):
        return False
    plain, spaced = (parse(lines, sep, form, skip) for skip in (False, True))
    if not any(field[:1] == " " and field.lstrip(" ")[:1] == form.quote for row in plain for field in row):
        return False
    # a field that really begins with a space and a quote, inside quotes or escaped, is the same both ways
    return [[f.lstrip(" ") for f in row] for row in plain] != [[f.lstrip(" ") for f in row] for row in spaced]


def _ends_with_separators(width: int, rows: Sequence[Sequence[str]]) -> bool:
    """Whether every row has one field more than there are columns, and that one is empty."""
    return bool(rows) and all(len(row) == width + 1 and not row[-1].strip() for row in rows)


def _few(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(tuple, rows[:100]))
