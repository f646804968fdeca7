"""Files of ratings in a known form, read in pieces of whole lines: 32 million ratings need 16 to 24 bytes a row.

Pieces that are plain (each line has its fields, each field is what it should be) go through pandas's C parser. Where
one is not, the file is read again line by line, which is slower, and the first line that is wrong is named.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from tqdm import tqdm

from ramgnn.datasets import faults
from ramgnn.datasets.folders.lines import opened, text_chunks
from ramgnn.datasets.frames.instants import ROUNDED, are_seconds, has_gaps, rounded
from ramgnn.datasets.frames.table import HEAD
from ramgnn.datasets.frames.undivided import may_be_dates
from ramgnn.datasets.headers import Header
from ramgnn.datasets.opened import codec_of
from ramgnn.errors import DataError

PIECE = 1 << 25  # bytes of a file that are parsed at a time
ID, NUMBER, SECONDS, UNREAD = "id", "number", "seconds", "unread"  # what a column holds
# pandas makes numbers of ids that all look like numbers, and 7 of "007"; one row with a word under each piece stops it
WORD = "\x01word"
POWER = re.compile(rb"\d[eE]\+?\d")

Lines = range | np.ndarray  # the line that each row begins on
Piece = tuple[Lines, pd.DataFrame]


class _NotPlain(Exception):
    """A piece of the file needs the careful reader."""


@dataclass(frozen=True)
class Ratings:
    """How a file of ratings is laid out.

    Attributes:
        path: the file, plain or gzipped.
        kinds: column -> ``ID``, ``NUMBER``, ``SECONDS`` (since 1970) or ``UNREAD``, in the order of the file.
        sep: between fields, one character or more.
        header_line: the line of the header; 0 where there is none.
        quote: the character around fields, or None.
        encoding: of the text.
        blank: the lines that hold separators and nothing else, as far as they were read.
    """

    path: Path
    kinds: dict[str, str]
    sep: str
    header_line: int = 0
    quote: str | None = None
    encoding: str = "utf-8"
    blank: list[int] = field(default_factory=list)

    def chunks(self, **options: object) -> Iterator[pd.DataFrame]:
        """Its columns as text, read with care."""
        has_header = self.header_line > 0
        return text_chunks(self.path, list(self.kinds), self.sep, has_header, self.quote, self.encoding, **options)


def read_ratings(ratings: Ratings, columns: Sequence[str], progress: bool = False) -> pd.DataFrame:
    """Some columns of a file of ratings, indexed by line: ids as categories, numbers as floats, times as seconds.

    Raises:
        DataError: a line has too many or too few fields, or a cell is not what its column holds.
    """
    columns = list(dict.fromkeys(columns))
    if codec_of(ratings.encoding) != "utf-8":
        return _collect(_careful_pieces(ratings, columns, progress), ratings, columns)
    try:
        return _collect(_plain_pieces(ratings, columns, progress), ratings, columns)
    except _NotPlain:
        return _collect(_careful_pieces(ratings, columns, progress), ratings, columns)


def first_ratings(ratings: Ratings, columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of the first rows, as text."""
    return next(ratings.chunks(rows=HEAD, blank=[]))[list(columns)]


def _collect(pieces: Iterator[Piece], ratings: Ratings, columns: list[str]) -> pd.DataFrame:
    """One data frame of all pieces; the codes of each piece become codes of the whole."""
    books: dict[str, dict[str, int]] = {c: {} for c in columns if ratings.kinds[c] == ID}
    parts: dict[str, list[np.ndarray]] = {c: [] for c in columns}
    lines: list[Lines] = []
    for numbers, frame in pieces:
        lines.append(numbers)
        for column in columns:
            cells = frame[column].array
            if column in books:
                book = books[column]
                codes = [-1 if text == WORD else book.setdefault(text, len(book)) for text in cells.categories]
                codes = np.array(codes, np.int32)
                parts[column].append(codes[cells.codes])
            else:
                parts[column].append(np.asarray(cells))
    if not lines:
        raise faults.no_rows(ratings.path, bool(ratings.header_line))
    whole = {}
    for column in columns:
        cells = np.concatenate(parts.pop(column))
        if column in books:
            cells = pd.Categorical.from_codes(cells, pd.Index(list(books[column])))
        elif ratings.kinds[column] == SECONDS and not (
            are_seconds(pd.Series(cells, copy=False)) or has_gaps(cells) or may_be_dates(cells)
        ):
            cells = cells.view("datetime64[s]")  # so early that they might be taken for places in a sequence
        whole[column] = cells
    return pd.DataFrame(whole, index=_index(lines), copy=False)


def _index(lines: list[Lines]) -> pd.Index:
    """The lines of all rows, as a range where none is missing."""
    first, last, n = int(lines[0][0]), int(lines[-1][-1]), sum(map(len, lines))
    if last - first + 1 == n:
        return pd.RangeIndex(first, last + 1, name="line")
    return pd.Index(np.concatenate(lines), name="line")


# ---- plain pieces


def _plain_pieces(ratings: Ratings, columns: list[str], progress: bool) -> Iterator[Piece]:
    """The line numbers and cells of each piece.

    Raises:
        _NotPlain: a piece is not plain.
    """
    line = 1
    sep = ratings.sep.encode()
    kinds = {ID: "category", NUMBER: np.float64, SECONDS: np.int64, UNREAD: "category"}
    names = list(ratings.kinds)
    word = "\t" if len(sep) > 1 else ratings.sep
    word = word.join(WORD if kinds[kind] == "category" else "0" for kind in ratings.kinds.values()).encode() + b"\n"
    header = Header(names if ratings.header_line else (), ratings.quote)
    powers = SECONDS in ratings.kinds.values()
    last = names[-1]  # read in any case: a line that is too short lacks it
    with opened(ratings.path) as (raw, unpacked), _bar(ratings.path, progress) as bar:
        for piece in _whole_lines(unpacked):
            n_lines = piece.count(b"\n")
            if line == 1 and ratings.header_line:
                for _ in range(ratings.header_line):
                    piece = piece[piece.index(b"\n") + 1 :]
                line, n_lines = line + ratings.header_line, n_lines - ratings.header_line
            piece = _as_parsed(piece, sep, ratings.quote)
            if piece.count(b"\t" if len(sep) > 1 else sep) != n_lines * (len(names) - 1):
                raise _NotPlain
            # pandas would take 9.65E+08 for a whole number
            if powers and (b"e" in piece or b"E" in piece) and POWER.search(piece):
                raise _NotPlain
            if n_lines:
                try:
                    frame = pd.read_csv(
                        io.BytesIO(piece + word), sep="\t" if len(sep) > 1 else ratings.sep, header=None, names=names,
                        usecols=[*columns, *([] if last in columns else [last])], index_col=False,
                        dtype={name: kinds[kind] for name, kind in ratings.kinds.items()}, na_filter=False,
                        quoting=csv.QUOTE_NONE, lineterminator="\n", skip_blank_lines=False, low_memory=False,
                    )  # fmt: skip
                except (ValueError, OverflowError):  # errors of the parser and of the encoding are among the first
                    raise _NotPlain from None
                frame = frame.iloc[:-1]
                if len(frame) != n_lines or not all(_is_plain(frame[c], ratings.kinds[c], header) for c in frame):
                    raise _NotPlain
                yield range(line, line + n_lines), frame
            line += n_lines
            bar.update(raw.tell() - bar.n)


def _as_parsed(piece: bytes, sep: bytes, quote: str | None) -> bytes:
    """A piece with one line end and one separator of one character.

    Raises:
        _NotPlain: there are quotes, NUL bytes or stray ends of lines in it.
    """
    if b"\r" in piece:
        piece = piece.replace(b"\r\n", b"\n")
    if b"\r" in piece or b"\0" in piece or WORD.encode() in piece or (quote and quote.encode() in piece):
        raise _NotPlain
    if len(sep) > 1:
        if b"\t" in piece:
            raise _NotPlain
        piece = piece.replace(sep, b"\t")
    return piece


def _is_plain(cells: pd.Series, kind: str, header: Header) -> bool:
    """Whether no cell is empty or a name of the header, no number endless and no time out of range."""
    if kind == NUMBER:
        return bool(np.isfinite(cells.to_numpy()).all())
    if kind == SECONDS:
        return 0 <= cells.min() and cells.max() < end_of_time()
    codes, categories = cells.array.codes, cells.array.categories
    return bool(codes.min() >= 0) and all(text.strip() and not header.has(text) for text in map(str, categories))


def _whole_lines(unpacked: BinaryIO) -> Iterator[bytes]:
    """Pieces that end with a line; the last line gets its end where it has none.

    Raises:
        _NotPlain: a line is longer than a piece, or the file begins with a mark of its encoding.
    """
    rest = b""
    try:
        while read := unpacked.read(PIECE):
            if not rest and read.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
                raise _NotPlain
            end = read.rfind(b"\n") + 1
            if not end:
                raise _NotPlain
            piece, rest = rest + read[:end], read[end:]
            yield piece
    except (OSError, EOFError) as error:  # of gzip
        raise _NotPlain from error
    if rest:
        yield rest + b"\n"


def _bar(path: Path, progress: bool) -> tqdm:
    """A bar of bytes."""
    size = path.stat().st_size
    return tqdm(total=size, unit="B", unit_scale=True, desc=f"reading {path.name}", disable=not progress)


# ---- pieces that are read with care


def _careful_pieces(ratings: Ratings, columns: list[str], progress: bool) -> Iterator[Piece]:
    """The same as `_plain_pieces`, from any file that holds what it should.

    Raises:
        DataError: the first line that does not.
    """
    ratings.blank.clear()
    for texts in ratings.chunks(progress=progress, blank=ratings.blank):
        cells = {c: _read_cells(texts[c].str.strip(), ratings.kinds[c], ratings.path) for c in columns}
        yield texts.index.to_numpy(), pd.DataFrame(cells)


def _read_cells(texts: pd.Series, kind: str, path: Path) -> pd.Series:
    """Cells as categories or numbers; empty ids are left to whoever reads the ids.

    Raises:
        DataError: a cell is no number, or no time.
    """
    if kind in (ID, UNREAD):
        return texts.astype("category")
    numbers = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    wrong = ~np.isfinite(numbers)
    if kind == SECONDS:
        wrong |= (numbers < 0) | (numbers >= end_of_time())
        check_rounded(texts, numbers.to_numpy(), path)
    if wrong.any():
        line = numbers.index[wrong][0]
        what = "whole seconds since 1970, up to next year" if kind == SECONDS else "a number"
        text = texts[line]
        raise DataError(
            f"{text!r} in column {texts.name!r} is no {'time' if kind == SECONDS else 'number'}"
            if text else f"the column {texts.name!r} is empty",
            file=path,
            line=int(line),
            expected=what,
            fix="mend the cell or remove the line",
        )  # fmt: skip
    return np.floor(numbers).astype(np.int64) if kind == SECONDS else numbers


def check_rounded(texts: pd.Series, numbers: np.ndarray, path: Path) -> None:
    """Refuse times that a spreadsheet has rounded, such as ``9.65E+08``.

    Args:
        texts: the cells, indexed by line; numbers: the same as numbers.

    Raises:
        DataError: they are.
    """
    if (found := rounded(texts.tolist(), numbers)).any():
        raise DataError(
            f"{texts[found].iloc[0]!r} in column {texts.name!r} is no time",
            file=path,
            line=int(texts.index[found][0]),
            expected="whole seconds since 1970, up to next year",
            fix=ROUNDED,
        )


def end_of_time() -> float:
    """The end of next year, in seconds since 1970: what is later is no time of a rating."""
    return datetime(date.today().year + 2, 1, 1, tzinfo=UTC).timestamp()
