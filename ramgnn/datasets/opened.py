"""Files of text opened for reading, plain or gzipped, within stated bounds.

A line may have `LINE_LIMIT` bytes, which is checked while it is read, so that neither a gzip file that unpacks to
gigabytes nor a file without line ends fills the memory. A file that changes its size meanwhile is refused.
"""

from __future__ import annotations

import codecs
import gzip
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TextIO

from tqdm import tqdm

from ramgnn.datasets import faults
from ramgnn.datasets.wide import NULS, is_wide, not_this, wide_encoding
from ramgnn.errors import DataError

LINE_LIMIT = 64 * 2**20  # bytes
PIECE = 2**18  # bytes of a line that are searched at a time for one that is not of the encoding
FIELDS_LIMIT = 100_000  # of a line
BOM, SWAPPED = "\ufeff", "\ufffe"  # a byte-order mark, and one whose bytes were read in the other order
CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1b")  # bytes that no text has
FIRST = 4096  # bytes that tell what is no text


@dataclass(frozen=True, eq=False)
class OpenedText:
    """A file that is being read.

    Attributes:
        path: where it is.
        text: its text; each line keeps its end.
        raw: the file as it lies on the disk.
        size: its bytes when it was opened.
        bar: the progress bar.
    """

    path: Path
    text: TextIO
    raw: BinaryIO
    size: int
    bar: tqdm

    def lines(self, seps: Sequence[str], mark: str = "\0", marked: list[str] | None = None) -> Iterator[str]:
        """Its lines; a NUL byte, or a line that one of `seps` divides into a great many fields, is an error.

        Args:
            seps: what may stand between fields.
            mark: a text to look for; marked: where the lines that contain it go.
        """
        marked, limit = [] if marked is None else marked, FIELDS_LIMIT
        first = next(self.text, "")
        if first.startswith(SWAPPED):
            raise not_this(self.path, self.text.encoding, _start(self.path))
        # only some encodings take off the mark at the start, and none a second one
        for number, line in enumerate(chain([first.lstrip(BOM)] if first else [], self.text), 1):
            if "\0" in line:
                raise faults.nul_byte(self.path, number, line, wide_encoding(_start(self.path)))
            if mark in line:
                marked.append(line)
            if len(line) > limit and any(line.count(sep) >= FIELDS_LIMIT for sep in seps):
                raise faults.too_many_fields(self.path, number, FIELDS_LIMIT)
            yield line

    def advance(self) -> None:
        """Move the progress bar to where reading is.

        Raises:
            DataError: the file has grown or shrunk since it was opened.
        """
        self.bar.update(min(self.raw.tell(), self.size) - self.bar.n)
        if (now := os.fstat(self.raw.fileno()).st_size) != self.size:
            raise faults.changed(self.path, self.size, now)


def codec_of(encoding: str, path: Path | None = None) -> str:
    """The name that Python has for an encoding of text.

    Args:
        path: the file that is to be read with it, for the message.

    Raises:
        DataError: there is no such encoding.
    """
    try:
        codec = codecs.lookup(encoding).name
        "".encode(codec)  # some turn bytes into bytes, as "hex" does
    except (LookupError, TypeError, ValueError):
        raise DataError(
            f"there is no encoding {encoding!r}",
            file=path,
            expected="a name such as 'utf-8' or 'cp1252'",
            fix="leave the encoding out if the file is UTF-8",
        ) from None
    return codec


@contextmanager
def open_text(path: Path, encoding: str, progress: bool = False) -> Iterator[OpenedText]:
    """Open a plain or gzipped file as text.

    Raises:
        DataError: there is no such encoding; or, while it is read, a line is too long or not in that encoding, the
            gzip file is damaged, or the disk reports an error.
    """
    codec = codec_of(encoding, path)
    with open_bytes(path) as (raw, unpacked):
        # newline="": the csv module finds the line ends itself, inside quotes too
        bounded = _BoundedLines(unpacked, path)
        text = io.TextIOWrapper(bounded, encoding="utf-8-sig" if codec == "utf-8" else codec, newline="")
        size = os.fstat(raw.fileno()).st_size
        bar = tqdm(total=size, unit="B", unit_scale=True, desc=f"reading {path.name}", disable=not progress)
        try:
            with bar:
                yield OpenedText(path, text, raw, size, bar)
        except UnicodeDecodeError:
            if is_wide(encoding):
                raise not_this(path, encoding, _start(path)) from None
            with open_bytes(path) as (_, again):
                raise faults.wrong_bytes(path, iter(lambda: again.readline(PIECE), b""), encoding) from None
        except UnicodeError:  # the mark of UTF-16 is missing
            raise not_this(path, encoding, _start(path)) from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise faults.broken_gzip(path, error) from None
        except OSError as error:
            raise faults.unreadable(path, error) from None


def _start(path: Path) -> bytes:
    """The first bytes of a file, plain or gzipped."""
    with open_bytes(path) as (_, unpacked):
        return unpacked.read(FIRST)


def check_text(path: Path, encoding: str) -> None:
    """Refuse a file, plain or gzipped, whose first bytes are none of a text.

    Raises:
        DataError: they are not.
    """
    codec = codec_of(encoding, path)
    try:
        with open_bytes(path) as (raw, unpacked):
            start = unpacked.read(FIRST)
            packed = unpacked is not raw
    except (EOFError, zlib.error, OSError):
        return  # said by whoever reads it
    if is_wide(codec):
        if (found := wide_encoding(start)) in NULS and found != codec:  # else it might be read as other letters
            raise not_this(path, encoding, start)
    elif _is_binary(start):
        raise _no_text(path, packed)


def _is_binary(start: bytes) -> bool:
    """Whether some first bytes are those of no text: NUL and several different control characters are among them.

    A text has tabs and ends of lines, and in some exports control characters that separate its fields, but no NUL,
    unless in UTF-16, which is told by its mark or by NUL in every other place.
    """
    if wide_encoding(start):
        return False
    even, odd = (start[at::2].count(0) > len(start) // 4 for at in (0, 1))
    return 0 in start and even == odd and len(set(start) & CONTROLS) > 3


def _no_text(path: Path, packed: bool) -> DataError:
    """The error for a file of bytes that are no text."""
    return DataError(
        f"{'what this gzip file holds' if packed else 'this'} is no table of text: there are control characters in it",
        file=path,
        expected="a table of text, such as CSV",
        fix="check what this file is, and export the table as CSV (UTF-8)",
    )


def raw_lines(path: Path, encoding: str, first: int, last: int) -> list[str]:
    """The lines `first` to `last` of a file as they stand there, for the explanation of an error."""
    with open_text(path, encoding) as opened:
        return list(islice(opened.text, first - 1, last))


@contextmanager
def open_bytes(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The file as it lies on the disk and, over it, the file with gzip taken off; the same for a plain one."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        with gzip.GzipFile(fileobj=raw) if packed else nullcontext(raw) as unpacked:
            yield raw, unpacked


class _BoundedLines(io.BufferedIOBase):
    """Bytes from `source`; the first line above `LINE_LIMIT` bytes is an error as soon as it is that long."""

    def __init__(self, source: BinaryIO, path: Path) -> None:
        self._source, self._path, self._lines, self._length = source, path, 0, 0

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1) -> bytes:
        chunk = self._source.read1(size)
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        if end < 0:
            self._length += len(chunk)
            if self._length > LINE_LIMIT:
                raise faults.long_line(self._path, self._lines + 1, LINE_LIMIT)
        else:
            self._lines += chunk.count(b"\n") or chunk.count(b"\r")
            self._length = len(chunk) - end - 1
        return chunk
