"""Read a table of text, check every line of it, and say exactly where it is wrong.

All cells stay text ("007" stays "007", "NA" stays "NA"), each row keeps its line number in the file, and nothing is
guessed about the contents. Files are read once, in pieces, so that tables of several gigabytes fit. What can be wrong
with a file is in `ramgnn.datasets.faults`.
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
from io import TextIOWrapper
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, TextIO

import pandas as pd
from tqdm import tqdm

from ramgnn.datasets import faults
from ramgnn.errors import DataError

SEPARATORS = {",": "a comma", "\t": "a tab", ";": "a semicolon", "|": "a bar"}
ROWS_AT_A_TIME = 100_000
SHARED_TEXTS = 1_000_000  # cells with the same text share memory until a column has this many different ones


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
    empty = True
    for lines, cells in _blocks(path, layout, encoding, quote, columns is None, progress, rows, keep):
        empty = False
        shared = [_share(column, pool) for column, pool in zip(cells, pools, strict=True)]
        names = [layout.columns[i] for i in keep]
        # dtype=str: text in pandas 3 and object in pandas 2, where a column of text is object anyway
        yield pd.DataFrame(dict(zip(names, shared, strict=True)), index=pd.Index(lines, name="line"), dtype=str)
    if empty:
        raise faults.no_rows(path, has_header=columns is None)


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
    faults.check_kind(path)
    if sep is not None and len(sep) != 1:
        raise faults.wrong_separator(path, sep)
    line, header = _first_line(path, encoding)
    if sep is None:
        sep = max(SEPARATORS, key=lambda s: len(_fields(header, s, quote) or ()))
    if columns is not None:
        return Layout(tuple(columns), sep, 0)
    # a header whose quotes do not fit is divided at every separator; the reader will complain with its line
    names = [name.strip() for name in _fields(header, sep, quote) or header.rstrip("\r\n").split(sep)]
    if len(names) == 1:
        faults.check_one_column(path, line, names[0], sep, SEPARATORS)
    named = tuple(name or f"unnamed {place}" for place, name in enumerate(names, 1))
    if twice := next((name for place, name in enumerate(named) if name in named[:place]), None):
        raise faults.repeated_column(twice, file=path, line=line)
    return Layout(named, sep, line)


def _select(
    path: Path, layout: Layout, required: Sequence[str], optional: Sequence[str] | None, has_header: bool
) -> list[int]:
    """Positions of the columns to keep: the required ones, then the optional ones, or all in the order of the file."""
    for name in required:
        if name not in layout.columns:
            hint = ""
            if has_header and all(_is_data(column) for column in layout.columns):
                hint = f"the first line looks like data; put a header above it: {layout.sep.join(required)}"
            raise faults.missing_column(name, layout.columns, hint, file=path, line=layout.line)
    if optional is None:
        return list(range(len(layout.columns)))
    names = dict.fromkeys([*required, *(name for name in optional if name in layout.columns)])
    return [layout.columns.index(name) for name in names]


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
                    raise faults.ragged_row(path, line, last, len(row), layout.columns, layout.sep)
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
            raise faults.wrong_quotes(path, last + 1, reader.line_num, str(error), layout.sep) from None
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
            with nullcontext((None, ())) if faults.is_wide(encoding) else _open_bytes(path) as (_, lines):
                raise faults.wrong_bytes(path, lines, encoding) from None
        except UnicodeError as error:
            raise DataError(f"the file is not {encoding}: {error}", file=path, fix="pass another encoding") from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise faults.broken_gzip(path, error) from None


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
            raise faults.nul_byte(path, number, line)
        yield line


def _first_line(path: Path, encoding: str) -> tuple[int, str]:
    """Number and text of the first line that is not empty."""
    with _open(path, encoding) as (handle, _):
        for number, line in enumerate(_without_nul(handle, path), 1):
            if line.strip():
                return number, line
    raise DataError("the file is empty", file=path, expected="a header and rows", fix="check the export or copy")


def _is_data(text: str) -> bool:
    """Whether a cell of the header looks like a number and not like a name."""
    try:
        float(text)
    except ValueError:
        return False
    return True
