"""Tables of a known form as text: fields between separators of one character or more, with a header or without."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from ramgnn.datasets import faults
from ramgnn.datasets.reading import ROWS_AT_A_TIME, read_chunks


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The file as it lies on the disk and, over it, the file with gzip taken off; the same for a plain one."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        with gzip.GzipFile(fileobj=raw) if packed else nullcontext(raw) as unpacked:
            yield raw, unpacked


def text_chunks(
    path: Path,
    columns: Sequence[str],
    sep: str,
    has_header: bool = False,
    quote: str | None = None,
    encoding: str = "utf-8",
    progress: bool = False,
) -> Iterator[pd.DataFrame]:
    """All columns of a table as text, indexed by line, some rows at a time.

    Args:
        path: the file, plain or gzipped.
        columns: all of its columns, in order.
        sep: between fields; of several characters in files without a header and without quotes only.
        has_header: whether the first line holds the names of the columns.
        quote: the character around fields that contain the separator; None for no quoting.
        encoding: of the text.
        progress: show a bar of bytes.

    Raises:
        DataError: a line has too many or too few fields, or the file is no such table.
    """
    if len(sep) > 1:
        yield from _split_chunks(path, columns, sep, encoding)
        return
    names = None if has_header else columns
    yield from read_chunks(path, columns, (), sep, encoding=encoding, quote=quote, columns=names, progress=progress)


def read_text(path: Path, columns: Sequence[str], sep: str, **layout: object) -> pd.DataFrame:
    """All rows of `text_chunks`."""
    return pd.concat(text_chunks(path, columns, sep, **layout))


def encoding_of(path: Path) -> str:
    """UTF-8, or Latin-1 for a file that is none; MovieLens changed from one to the other."""
    with opened(path) as (_, unpacked):
        try:
            for line in unpacked:
                line.decode("utf-8")
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"


def _split_chunks(path: Path, columns: Sequence[str], sep: str, encoding: str) -> Iterator[pd.DataFrame]:
    """Like `text_chunks`, for a separator of several characters."""
    faults.check_kind(path)
    lines: list[int] = []
    rows: list[list[str]] = []
    empty = True
    with opened(path) as (_, unpacked):
        for number, line in enumerate(unpacked, 1):
            try:
                text = line.decode(encoding).rstrip("\r\n")
            except UnicodeDecodeError:
                with opened(path) as (_, again):
                    raise faults.wrong_bytes(path, again, encoding) from None
            if not text.strip():
                continue
            if "\0" in text:
                raise faults.nul_byte(path, number, text)
            fields = text.split(sep)
            if len(fields) != len(columns):
                raise faults.ragged_row(path, number, number, len(fields), columns, sep)
            lines.append(number)
            rows.append(fields)
            if len(rows) == ROWS_AT_A_TIME:
                yield _frame(lines, rows, columns)
                lines, rows, empty = [], [], False
    if rows:
        yield _frame(lines, rows, columns)
    elif empty:
        raise faults.no_rows(path, has_header=False)


def _frame(lines: list[int], rows: list[list[str]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=pd.Index(lines, name="line"), columns=list(columns), dtype=str)
