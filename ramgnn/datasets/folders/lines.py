"""Tables of a known form as text: fields between separators of one character or more, with a header or without."""

from __future__ import annotations

import gzip
import zlib
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from ramgnn.datasets import faults
from ramgnn.datasets.opened import PIECE, open_bytes
from ramgnn.datasets.reading import ROWS_AT_A_TIME, read_chunks
from ramgnn.datasets.wide import is_wide


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """`open_bytes`, with clear errors.

    Raises:
        DataError: the gzip file is damaged, or the disk reports an error.
    """
    try:
        with open_bytes(path) as found:
            yield found
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise faults.broken_gzip(path, error) from None
    except OSError as error:
        raise faults.unreadable(path, error) from None


def text_chunks(
    path: Path,
    columns: Sequence[str],
    sep: str,
    has_header: bool = False,
    quote: str | None = None,
    encoding: str = "utf-8",
    progress: bool = False,
    rows: int = ROWS_AT_A_TIME,
    blank: list[int] | None = None,
) -> Iterator[pd.DataFrame]:
    """All columns of a table as text, indexed by line, some rows at a time.

    Args:
        path: the file, plain or gzipped.
        columns: all of its columns, in order.
        sep: between fields, one character or several.
        has_header: whether the first line holds the names of the columns.
        quote: the character around fields that contain the separator; None for no quoting.
        encoding: of the text.
        progress: show a bar of bytes.
        rows: how many at a time.
        blank: where the lines go that hold separators and nothing else; None keeps them.

    Raises:
        DataError: a line has too many or too few fields, or the file is no such table.
    """
    names = None if has_header else columns
    return read_chunks(
        path, columns, (), sep, encoding=encoding, quote=quote, columns=names, progress=progress, rows=rows, blank=blank
    )


def read_text(
    path: Path, columns: Sequence[str], sep: str, encoding: str | None = None, **layout: object
) -> pd.DataFrame:
    """All rows of `text_chunks`, in the encoding that the file has; see `encoding_of`."""
    return pd.concat(text_chunks(path, columns, sep, encoding=encoding_of(path, encoding), **layout))


def encoding_of(path: Path, given: str | None = None) -> str:
    """UTF-8 where a file can be that, else the given encoding or, without one, CP1252 or Latin-1.

    MovieLens changed from Latin-1 to UTF-8, and a spreadsheet writes CP1252, which is Latin-1 with more quotes. What
    is given is said of all files of a folder, of which some may be UTF-8 all the same.
    """
    if given is not None and is_wide(given):
        return given
    fitting = ["utf-8", *(["cp1252"] if given is None else [])]
    decoders = {encoding: getincrementaldecoder(encoding)() for encoding in fitting}
    with opened(path) as (_, unpacked):
        piece = b" "
        while piece and decoders:
            piece = unpacked.read(PIECE)
            decoders = {encoding: x for encoding, x in decoders.items() if _reads(x, piece)}
    return [*decoders, given or "latin-1"][0]


def _reads(decoder: IncrementalDecoder, piece: bytes) -> bool:
    """Whether a decoder reads the next piece of a file; an empty one ends it."""
    try:
        decoder.decode(piece, final=not piece)
    except UnicodeDecodeError:
        return False
    return True
