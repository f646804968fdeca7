"""What can be wrong with a file or with names in it: finds out what it is and says it.

Each error is a `DataError` with four parts: what is wrong, where, what was expected and what to do. Rows whose fields
or quotes do not fit are in `ramgnn.datasets.misfits`.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any

from ramgnn.advice import option
from ramgnn.datasets.wide import not_this, wide_encoding
from ramgnn.errors import DataError

# encodings that a file which is not UTF-8 may have, the likeliest first
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
STREAMS = {stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}


# ---- names that are not there


def near(name: str, names: Sequence[str]) -> list[str]:
    """Those of `names` that resemble `name`, best first, whatever the case."""
    by_folded = {n.casefold(): n for n in names}
    return [by_folded[n] for n in get_close_matches(name.casefold(), by_folded, n=3, cutoff=0.6)]


def listed(names: Sequence[str], most: int = 20) -> str:
    """Names in quotes, joined by commas; beyond `most` of them, how many more there are."""
    shown = ", ".join(map(repr, names[:most]))
    return shown + (f", … ({len(names):,} in all)" if len(names) > most else "")


def missing_column(name: str, names: Sequence[str], hint: str = "", **place: Any) -> DataError:
    """The error for a column that is not there, with near matches; `place` is what `DataError` takes for the place."""
    close = near(name, names)
    suggestion = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
    return DataError(
        f"there is no column {name!r}{suggestion}",
        expected=f"a column {name!r} among {listed(names)}",
        fix=hint or "rename the column in the header, or name the one that is meant",
        **place,
    )


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Refuse a value of an option that is none of its choices."""
    # an array would be compared with each choice cell by cell
    if not (value is None or isinstance(value, str)) or value not in choices:
        raise DataError(option(name, value), expected=" or ".join(map(repr, choices)), fix="pass one of them")


def repeated_column(name: str, **place: Any) -> DataError:
    """The error for two columns of one name; `place` is what `DataError` takes for the place."""
    return DataError(
        f"two columns are called {name!r}",
        expected="a different name for each column",
        fix="rename or remove one of them",
        **place,
    )


# ---- files that are no table


def check_kind(path: Path) -> None:
    """Refuse what is not there and what is plainly no text table."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise _no_such_file(path) from None
    except OSError as error:
        raise unreadable(path, error) from None
    if stat.S_ISDIR(mode):
        raise DataError("this is a folder", file=path, expected="a table of text", fix="name a file inside it")
    if not stat.S_ISREG(mode):  # asked before it is opened, since a pipe would keep the reader waiting
        raise DataError(
            f"this is {next((kind for is_kind, kind in STREAMS.items() if is_kind(mode)), 'a device')} and no file",
            file=path,
            expected="a file, for a table is read more than once",
            fix="save what comes out of it in a file and name that",
        )
    try:
        with path.open("rb") as raw:
            start = raw.read(512)
    except PermissionError:
        raise DataError("the file may not be read", file=path, fix="ask for the permission to read it") from None
    except OSError as error:
        raise unreadable(path, error) from None
    for magic, kind in OTHER_KINDS.items():
        if start.startswith(magic):
            raise DataError(
                f"this is {kind}", file=path, expected="a table of text", fix="unpack it or export it as CSV (UTF-8)"
            )
    text = start.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if re.match(rb'\{\s*"|\[\s*[\[{]', text):
        raise DataError(
            "this is JSON",
            file=path,
            expected="a table of text",
            fix="export it as CSV, or read it with pandas.read_json and hand the frames to ramgnn.from_frames",
        )
    if text.startswith((b"<!doctype html", b"<html")):
        raise DataError(
            "this is a web page, perhaps the login page that was saved instead of the file",
            file=path,
            expected="a table of text",
            fix="download the file again, logged in",
        )


def _no_such_file(path: Path) -> DataError:
    folder = path.parent
    try:
        names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    except OSError:
        names = []
    close = get_close_matches(path.name, names, n=3, cutoff=0.6)
    return DataError(
        "there is no such file" if folder.is_dir() else f"there is no such file, nor a folder {str(folder)!r}",
        file=path,
        expected="a table of text",
        fix=f"did you mean {' or '.join(close)}?" if close else "check the path",
    )


def unreadable(path: Path, error: OSError) -> DataError:
    """The error for a file that the system cannot read."""
    return DataError(
        f"the file cannot be read: {error.strerror or error}",
        file=path,
        expected="a table of text",
        fix="check the path and the disk, or copy the file to another place",
    )


def changed(path: Path, before: int, now: int) -> DataError:
    """The error for a file whose size (in bytes) is not what it was when it was opened."""
    return DataError(
        f"the file {'grows' if now > before else 'shrinks'} while it is read: from {before:,} to {now:,} bytes",
        file=path,
        expected="a file that stays as it is",
        fix="wait until it is written, or read a copy of it",
    )


def no_rows(path: Path, has_header: bool) -> DataError:
    """The error for a file without a row."""
    return DataError(
        "there is only a header and no row below it" if has_header else "there is no row in it",
        file=path,
        expected="at least one row",
        fix="check that the whole file was exported or copied",
    )


# ---- bytes and lines


def long_line(path: Path, line: int, limit: int) -> DataError:
    """The error for a line of more than `limit` bytes."""
    return DataError(
        f"the line has more than {limit // 2**20} MB",
        file=path,
        line=line,
        expected="a table of text with a row on each line",
        fix="check what this file is: it has no line ends, or is no table",
    )


def too_many_fields(path: Path, line: int, limit: int) -> DataError:
    """The error for a line of more than `limit` fields."""
    return DataError(
        f"the line has more than {limit:,} fields",
        file=path,
        line=line,
        expected="a table with a column for each kind of value",
        fix="check what this file is: a matrix of users by items has to be written as one row per interaction",
    )


def nul_byte(path: Path, line: int, text: str, wide: str | None) -> DataError:
    """The error for a line with a NUL byte; `wide` is the encoding of several bytes that the file seems to have."""
    return DataError(
        f"there is a NUL byte at character {text.index(chr(0)) + 1}",
        file=path,
        line=line,
        expected="text without NUL bytes",
        fix=f"the file seems to be {wide}: save it as UTF-8, or pass {option('encoding', wide)}"
        if wide
        else "a copy of the file broke off, or it is no text: copy or export it again",
    )


def broken_gzip(path: Path, error: Exception) -> DataError:
    """The error for a gzip file that is not whole."""
    return DataError(
        f"the gzip file is cut off or damaged ({error})",
        file=path,
        expected="a whole gzip file",
        fix="download or copy the file again, or wait until it is written",
    )


def wrong_bytes(path: Path, lines: Iterable[bytes], encoding: str) -> DataError:
    """The error for the first of `lines` that is not `encoding`, with the encodings that would make sense of it.

    A long line may come in several pieces.
    """
    number, cut = 1, None
    for line in lines:
        if number == 1 and cut is None and wide_encoding(line):
            return not_this(path, encoding, line)
        try:
            line.decode(encoding)
        except UnicodeDecodeError as error:
            cut = _wrong_byte(path, number, line.rstrip(b"\r\n"), error.start, encoding)
            if line.endswith(b"\n") or error.reason != "unexpected end of data":
                return cut
        number += line.endswith(b"\n")
    return cut or DataError(f"the file is not {encoding}", file=path, fix="leave the encoding out if the file is UTF-8")


def _wrong_byte(path: Path, number: int, line: bytes, at: int, encoding: str) -> DataError:
    likely_codecs = (WESTERN,) if _looks_western(line) else (*EASTERN, WESTERN)
    readings = {codec: text for codec in likely_codecs if (text := _decoded(line, codec)) is not None}
    # the words around the byte let the reader judge
    shown = "; ".join(f"as {codec} it reads {_around(text, line, at, codec)!r}" for codec, text in readings.items())
    likeliest = next(iter(readings), "latin-1")
    return DataError(
        f"byte {at + 1} of the line, 0x{line[at]:02x}, is not {encoding}",
        file=path,
        line=number,
        expected=f"text in {encoding}",
        fix=f"save the file as UTF-8, or pass {option('encoding', likeliest)}" + (f" ({shown})" if shown else ""),
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


def check_texts(lists: Iterable[Sequence[str]], where: str) -> None:
    """Refuse half a character (a lone surrogate): no file in UTF-8 holds one, nor does the text of pandas.

    Raises:
        DataError: one of the texts has it.
    """
    for texts in lists:
        try:
            "".join(texts).encode("utf-8")
        except UnicodeEncodeError:
            odd = next(text for text in texts if any("\ud800" <= letter <= "\udfff" for letter in text))
            fix = "read the file in its own encoding, or write the text anew"
            raise DataError(f"{where} has half a character in {odd!r:.60}", fix=fix) from None
