"""Read a table of text, check every line of it, and say exactly where it is wrong.

All cells stay text ("007" stays "007", "NA" stays "NA"), each row keeps its line number in the file, and nothing is
guessed about the contents. Files are read once, in pieces, so that tables of several gigabytes fit.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from difflib import get_close_matches
from io import TextIOWrapper
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, TextIO

import pandas as pd
from tqdm import tqdm

from ramgnn.errors import DataError

SEPARATORS = {",": "a comma", "\t": "a tab", ";": "a semicolon", "|": "a bar"}
ROWS_AT_A_TIME = 100_000
SHARED_TEXTS = 1_000_000  # cells with the same text share memory until a column has this many different ones
WESTERN, EASTERN = "cp1252", ("gb18030", "big5", "shift_jis", "euc-kr")
WESTERN_SIGNS = "‘’“”–—…€£\xa0"
OTHER_KINDS = {
    b"PK\x03\x04": "a zip or Excel file",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite data base",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True)
class Layout:
    """How a table is laid out: its column names in order, its separator and the line its header stands on."""

    columns: tuple[str, ...]
    sep: str
    line: int


def read_table(
    path: str | os.PathLike,
    required: Sequence[str] = (),
    optional: Sequence[str] | None = None,
    sep: str | None = None,
    *,
    encoding: str = "utf-8",
    quote: str | None = '"',
    columns: Sequence[str] | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Read a table as text; the index, called ``line``, is the line of the file that each row begins on.

    Args:
        path: the file, plain or gzipped (told by its first bytes); a byte-order mark and CRLF are accepted.
        required: columns that must be there.
        optional: columns to keep besides if they are there; None keeps every column.
        sep: one character between fields; None takes the one that divides the header into most columns.
        encoding: of the text.
        quote: the character around fields that contain the separator (doubled inside); None for no quoting.
        columns: the names of the columns of a file without a header.
        progress: show a bar of bytes.

    Raises:
        DataError: the file is missing or empty, has only a header, is no text table, lacks a column, names one twice,
            has another separator, has a line with too few or too many fields, a quote that is never closed, NUL
            bytes, bytes that are not `encoding`, or ends in the middle.
    """
    options = {"encoding": encoding, "quote": quote, "columns": columns, "progress": progress}
    return pd.concat(read_chunks(path, required, optional, sep, **options))


def read_chunks(
    path: str | os.PathLike,
    required: Sequence[str] = (),
    optional: Sequence[str] | None = None,
    sep: str | None = None,
    *,
    encoding: str = "utf-8",
    quote: str | None = '"',
    columns: Sequence[str] | None = None,
    progress: bool = False,
    rows: int = ROWS_AT_A_TIME,
) -> Iterator[pd.DataFrame]:
    """Read a table like `read_table`, in pieces of `rows` rows, for files that do not fit in memory."""
    path = Path(path)
    layout = read_layout(path, sep, encoding=encoding, quote=quote, columns=columns)
    keep = _select(path, layout, required, optional, has_header=columns is None)
    pools: list[dict[str, str]] = [{} for _ in keep]
    found = False
    for lines, cells in _blocks(path, layout, encoding, quote, columns is None, progress, rows, keep):
        found = True
        shared = [_share(column, pool) for column, pool in zip(cells, pools, strict=True)]
        names = [layout.columns[i] for i in keep]
        # dtype=str: text in pandas 3 and object in pandas 2, where a column of text is object anyway
        yield pd.DataFrame(dict(zip(names, shared, strict=True)), index=pd.Index(lines, name="line"), dtype=str)
    if not found:
        raise DataError(
            "there is only a header and no row below it" if columns is None else "there is no row in it",
            file=path,
            expected="at least one row",
            fix="check that the whole file was exported or copied",
        )


def read_layout(
    path: str | os.PathLike,
    sep: str | None = None,
    *,
    encoding: str = "utf-8",
    quote: str | None = '"',
    columns: Sequence[str] | None = None,
) -> Layout:
    """Find the columns, the separator and the line of the header of a table without reading the rest.

    Columns without a name are called ``unnamed 1``, ``unnamed 2``, … after their place.
    """
    path = Path(path)
    _check_kind(path)
    if sep is not None and len(sep) != 1:
        raise DataError(
            f"the separator {sep!r} has {len(sep)} characters",
            file=path,
            expected="one character, such as ',' or '\\t'",
            fix=f"replace {sep!r} by a tab in the file and pass sep='\\t'" if sep else "leave sep out",
        )
    line, header = _first_line(path, encoding)
    if sep is None:
        sep = max(SEPARATORS, key=lambda s: len(_fields(header, s, quote) or ()))
    if columns is not None:
        return Layout(tuple(columns), sep, 0)
    # a header whose quotes do not fit is divided at every separator; the reader will complain with its line
    names = [name.strip() for name in _fields(header, sep, quote) or header.rstrip("\r\n").split(sep)]
    if len(names) == 1:
        _refuse_other_separator(path, line, names[0], sep)
    named = tuple(name or f"unnamed {place}" for place, name in enumerate(names, 1))
    if twice := next((name for place, name in enumerate(named) if name in named[:place]), None):
        raise DataError(
            f"two columns are called {twice!r}",
            file=path,
            line=line,
            expected="a different name for each column",
            fix="rename or remove one of them",
        )
    return Layout(named, sep, line)


def near(name: str, names: Sequence[str]) -> list[str]:
    """Those of `names` that resemble `name`, best first, whatever the case."""
    folded = {n.casefold(): n for n in names}
    return [folded[n] for n in get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)]


def missing_column(path: Path, line: int | None, name: str, names: Sequence[str], hint: str = "") -> DataError:
    """The error for a column that is not there, with near matches."""
    close = near(name, names)
    mean = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
    return DataError(
        f"there is no column {name!r}{mean}",
        file=path,
        line=line,
        expected=f"a column {name!r} among {', '.join(map(repr, names))}",
        fix=hint or "rename the column in the header, or name the one that is meant",
    )


def _select(
    path: Path, layout: Layout, required: Sequence[str], optional: Sequence[str] | None, has_header: bool
) -> list[int]:
    """Positions of the columns to keep: the required ones, then the optional ones, or all in the order of the file."""
    for name in required:
        if name not in layout.columns:
            hint = ""
            if has_header and all(_is_data(column) for column in layout.columns):
                hint = f"the first line looks like data; put a header above it: {layout.sep.join(required)}"
            raise missing_column(path, layout.line, name, layout.columns, hint)
    if optional is None:
        return list(range(len(layout.columns)))
    wanted = dict.fromkeys([*required, *(name for name in optional if name in layout.columns)])
    return [layout.columns.index(name) for name in wanted]


def _blocks(
    path: Path,
    layout: Layout,
    encoding: str,
    quote: str | None,
    has_header: bool,
    progress: bool,
    rows: int,
    keep: list[int],
) -> Iterator[tuple[list[int], list[Sequence[str]]]]:
    """The line numbers and the kept columns of up to `rows` rows at a time, each line checked."""
    width = len(layout.columns)
    pick: Callable = itemgetter(*keep) if len(keep) > 1 else lambda row: (row[keep[0]],)
    with _open(path, encoding, progress) as (handle, advance):
        reader = csv.reader(_without_nul(handle, path), **_dialect(layout.sep, quote))
        lines: list[int] = []
        picked: list[tuple[str, ...]] = []
        last, skip = 0, has_header
        try:
            for row in reader:
                line, last = last + 1, reader.line_num
                if len(row) != width:
                    if not row or (len(row) == 1 and not row[0].strip()):
                        continue  # an empty line
                    raise _ragged(path, line, last, row, layout)
                if skip:
                    skip = False
                    continue
                lines.append(line)
                picked.append(pick(row))
                if len(lines) == rows:
                    advance()
                    yield lines, list(zip(*picked, strict=True))
                    lines, picked = [], []
        except csv.Error as error:
            raise _quoting(path, last + 1, reader.line_num, str(error), layout.sep) from None
        advance()
        if lines:
            yield lines, list(zip(*picked, strict=True))


def _dialect(sep: str, quote: str | None) -> dict:
    if quote is None:
        return {"delimiter": sep, "quoting": csv.QUOTE_NONE}
    return {"delimiter": sep, "quotechar": quote, "strict": True}


def _fields(line: str, sep: str, quote: str | None) -> list[str] | None:
    """The fields of one line, or None if its quotes do not fit this separator."""
    try:
        return next(csv.reader([line], **_dialect(sep, quote)), [""])
    except csv.Error:
        return None


def _share(column: Sequence[str], pool: dict[str, str]) -> list[str]:
    """The same texts, equal ones being one object: an id that stands in a million rows takes memory once."""
    if len(pool) > SHARED_TEXTS:
        return list(column)
    return [pool.setdefault(text, text) for text in column]


@contextmanager
def _open(path: Path, encoding: str, progress: bool = False) -> Iterator[tuple[TextIO, Callable[[], None]]]:
    """Open a plain or gzipped file as text, with a function that moves the progress bar to where reading is."""
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        raise DataError(
            f"there is no encoding {encoding!r}", file=path, expected="a name such as 'utf-8' or 'cp1252'"
        ) from None
    with _open_bytes(path) as (raw, unpacked):
        # newline="": the csv module finds the line ends itself, inside quotes too
        handle = TextIOWrapper(unpacked, encoding="utf-8-sig" if codec == "utf-8" else codec, newline="")
        size = path.stat().st_size
        bar = tqdm(total=size, unit="B", unit_scale=True, desc=f"reading {path.name}", disable=not progress)
        try:
            with bar:
                yield handle, lambda: bar.update(min(raw.tell(), size) - bar.n)
        except UnicodeDecodeError:
            raise _wrong_bytes(path, encoding) from None
        except UnicodeError as error:
            raise DataError(f"the file is not {encoding}: {error}", file=path, fix="pass another encoding") from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(
                f"the gzip file is cut off or damaged ({error})",
                file=path,
                expected="a whole gzip file",
                fix="download or copy the file again",
            ) from None


@contextmanager
def _open_bytes(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The file as it lies on the disk and, over it, the file with gzip taken off; the same for a plain one."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        with gzip.GzipFile(fileobj=raw) if packed else nullcontext(raw) as unpacked:
            yield raw, unpacked


def _without_nul(handle: TextIO, path: Path) -> Iterator[str]:
    """The lines of `handle`; the first NUL byte is an error."""
    for number, line in enumerate(handle, 1):
        if "\0" in line:
            raise DataError(
                f"there is a NUL byte at character {line.index(chr(0)) + 1}",
                file=path,
                line=number,
                expected="text without NUL bytes",
                fix="the file may be UTF-16 (pass encoding='utf-16'), or a copy of it broke off: copy it again",
            )
        yield line


def _first_line(path: Path, encoding: str) -> tuple[int, str]:
    """Number and text of the first line that is not empty."""
    with _open(path, encoding) as (handle, _):
        for number, line in enumerate(_without_nul(handle, path), 1):
            if line.strip():
                return number, line
    raise DataError("the file is empty", file=path, expected="a header and rows", fix="check the export or copy")


def _check_kind(path: Path) -> None:
    """Refuse what is not there and what is plainly no text table."""
    if not path.exists():
        folder = path.parent
        names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        close = get_close_matches(path.name, names, n=3, cutoff=0.6)
        raise DataError(
            "there is no such file" if folder.is_dir() else f"there is no such file, nor a folder {str(folder)!r}",
            file=path,
            expected="a table of text",
            fix=f"did you mean {' or '.join(close)}?" if close else "check the path",
        )
    if path.is_dir():
        raise DataError("this is a folder", file=path, expected="a table of text", fix="name a file inside it")
    try:
        with path.open("rb") as raw:
            start = raw.read(512)
    except PermissionError:
        raise DataError("the file may not be read", file=path, fix="ask for the permission to read it") from None
    for magic, kind in OTHER_KINDS.items():
        if start.startswith(magic):
            raise DataError(
                f"this is {kind}", file=path, expected="a table of text", fix="unpack it or export it as CSV (UTF-8)"
            )
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype html", b"<html")):
        raise DataError(
            "this is a web page, perhaps the login page that was saved instead of the file",
            file=path,
            expected="a table of text",
            fix="download the file again, logged in",
        )


def _refuse_other_separator(path: Path, line: int, header: str, sep: str) -> None:
    """An error when the one column that was found contains another separator."""
    other = next((s for s in [*SEPARATORS, "::"] if s != sep and s in header), None)
    if other is None:
        return
    if other == "::":
        fix = "replace '::' by a tab in the whole file and pass sep='\\t'"
    else:
        fix = f"pass sep={other!r}, for the columns seem to be separated by {SEPARATORS[other]}"
    raise DataError(
        f"only one column was found, {header!r}, and it contains {other!r}",
        file=path,
        line=line,
        expected=f"columns separated by {SEPARATORS.get(sep, repr(sep))}",
        fix=fix,
    )


def _is_data(text: str) -> bool:
    """Whether a header cell looks like a number instead of a name."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _ragged(path: Path, line: int, last: int, row: list[str], layout: Layout) -> DataError:
    n, width = len(row), len(layout.columns)
    if last > line:
        fix = f'a quote that opens on line {line} is closed only on line {last}: close it, or write " as ""'
    elif n > width:
        fix = f"put quotes around a field that contains {layout.sep!r}"
    else:
        fix = "add what is missing (an empty field still needs its separator), or remove the line"
    shown = ", ".join(layout.columns[:8]) + (", …" if width > 8 else "")
    return DataError(
        f"the line has {n} {'field' if n == 1 else 'fields'}",
        file=path,
        line=line,
        expected=f"{width} fields: {shown}",
        fix=fix,
    )


def _quoting(path: Path, line: int, last: int, problem: str, sep: str) -> DataError:
    """The error for quotes that do not fit, placed on the line where the row begins."""
    if "unexpected end" in problem or "field larger" in problem or last > line:
        what = f"a quote opens on this line and is not closed{f' before line {last}' if last > line else ''}"
    else:
        what = f"text follows a closing quote ({problem})"
    return DataError(
        what,
        file=path,
        line=line,
        expected=f"a field in quotes, followed by {sep!r} or the end of the line",
        fix='put the whole field in quotes and double the quotes inside it: "He said ""no"""',
    )


def _wrong_bytes(path: Path, encoding: str) -> DataError:
    """Find the first line that is not `encoding` and say which encodings would make sense of it."""
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))  # its lines cannot be told by their bytes
    with nullcontext((None, ())) if wide else _open_bytes(path) as (_, unpacked):
        for number, line in enumerate(unpacked, 1):
            if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
                return DataError(
                    f"the file is not {encoding} but begins with the mark of UTF-16",
                    file=path,
                    line=1,
                    expected=f"text in {encoding}",
                    fix="save it as UTF-8, or pass encoding='utf-16'",
                )
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return _wrong_byte(path, number, line.rstrip(b"\r\n"), error.start, encoding)
    return DataError(f"the file is not {encoding}", file=path, fix="leave the encoding out if the file is UTF-8")


def _wrong_byte(path: Path, number: int, line: bytes, at: int, encoding: str) -> DataError:
    likely_codecs = (WESTERN,) if _looks_western(line) else (*EASTERN, WESTERN)
    readings = {codec: text for codec in likely_codecs if (text := _decoded(line, codec)) is not None}
    # the words around the byte let the reader judge
    shown = "; ".join(f"as {codec} it reads {_around(text, line, at, codec)!r}" for codec, text in readings.items())
    likely = next(iter(readings), "latin-1")
    return DataError(
        f"byte {at + 1} of the line, 0x{line[at]:02x}, is not {encoding}",
        file=path,
        line=number,
        expected=f"text in {encoding}",
        fix=f"save the file as UTF-8, or pass encoding={likely!r}" + (f" ({shown})" if shown else ""),
    )


def _looks_western(line: bytes) -> bool:
    """Whether the bytes above ASCII are single accented letters or typographic signs, not halves of other letters."""
    high = [place for place, byte in enumerate(line) if byte > 0x7F]
    pairs = sum(after - before == 1 for before, after in pairwise(high))
    signs = (_decoded(line[place : place + 1], WESTERN) for place in high)
    return pairs <= len(high) // 4 and all(sign and (sign.isalpha() or sign in WESTERN_SIGNS) for sign in signs)


def _decoded(line: bytes, codec: str) -> str | None:
    try:
        return line.decode(codec)
    except UnicodeDecodeError:
        return None


def _around(text: str, line: bytes, at: int, codec: str) -> str:
    """Some characters of `text` around byte `at` of `line`."""
    place = len(line[:at].decode(codec, "ignore"))
    start = max(0, place - 12)
    return ("…" if start else "") + text[start : place + 12] + ("…" if len(text) > place + 12 else "")
