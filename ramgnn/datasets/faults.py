"""What can be wrong with a table of text: finds out what it is and says it.

Each error is a `DataError` with four parts: what is wrong, where, what was expected and what to do. `reading` calls
these functions when a file cannot be read as it should.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any

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


# ---- names that are not there


def near(name: str, names: Sequence[str]) -> list[str]:
    """Those of `names` that resemble `name`, best first, whatever the case."""
    by_folded = {n.casefold(): n for n in names}
    return [by_folded[n] for n in get_close_matches(name.casefold(), by_folded, n=3, cutoff=0.6)]


def missing_column(name: str, names: Sequence[str], hint: str = "", **place: Any) -> DataError:
    """The error for a column that is not there, with near matches; `place` is what `DataError` takes for the place."""
    close = near(name, names)
    suggestion = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
    return DataError(
        f"there is no column {name!r}{suggestion}",
        expected=f"a column {name!r} among {', '.join(map(repr, names))}",
        fix=hint or "rename the column in the header, or name the one that is meant",
        **place,
    )


def check_choice(option: str, value: object, choices: Iterable[object]) -> None:
    """Refuse a value of an option that is none of its choices."""
    if value not in choices:
        raise DataError(f"{option}={value!r}", expected=" or ".join(map(repr, choices)), fix="pass one of them")


# ---- files that are no table


def check_kind(path: Path) -> None:
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


def no_rows(path: Path, has_header: bool) -> DataError:
    """The error for a file without a row."""
    return DataError(
        "there is only a header and no row below it" if has_header else "there is no row in it",
        file=path,
        expected="at least one row",
        fix="check that the whole file was exported or copied",
    )


# ---- separators, fields and quotes


def wrong_separator(path: Path, sep: str) -> DataError:
    """The error for a separator that is not one character."""
    return DataError(
        f"the separator {sep!r} has {len(sep)} characters",
        file=path,
        expected="one character, such as ',' or '\\t'",
        fix=f"replace {sep!r} by a tab in the file and pass sep='\\t'" if sep else "leave sep out",
    )


def check_one_column(path: Path, line: int, header: str, sep: str, separators: dict[str, str]) -> None:
    """Refuse a header of one column that contains another separator (character -> its name)."""
    other = next((s for s in [*separators, "::"] if s != sep and s in header), None)
    if other is None:
        return
    if other == "::":
        fix = "replace '::' by a tab in the whole file and pass sep='\\t'"
    else:
        fix = f"pass sep={other!r}, for the columns seem to be separated by {separators[other]}"
    raise DataError(
        f"only one column was found, {header!r}, and it contains {other!r}",
        file=path,
        line=line,
        expected=f"columns separated by {separators.get(sep, repr(sep))}",
        fix=fix,
    )


def repeated_column(name: str, **place: Any) -> DataError:
    """The error for two columns of one name; `place` is what `DataError` takes for the place."""
    return DataError(
        f"two columns are called {name!r}",
        expected="a different name for each column",
        fix="rename or remove one of them",
        **place,
    )


def ragged_row(path: Path, first_line: int, last_line: int, n: int, columns: Sequence[str], sep: str) -> DataError:
    """The error for a row of `n` fields, which stands on the lines `first_line` to `last_line`."""
    width = len(columns)
    if last_line > first_line:
        fix = f'a quote that opens on line {first_line} is closed only on line {last_line}: close it, or write " as ""'
    elif n > width:
        fix = f"put quotes around a field that contains {sep!r}"
    else:
        fix = "add what is missing (an empty field still needs its separator), or remove the line"
    shown = ", ".join(columns[:8]) + (", …" if width > 8 else "")
    return DataError(
        f"the line has {n} {'field' if n == 1 else 'fields'}",
        file=path,
        line=first_line,
        expected=f"{width} fields: {shown}",
        fix=fix,
    )


def wrong_quotes(path: Path, first_line: int, last_line: int, problem: str, sep: str) -> DataError:
    """The error for quotes that do not fit (`problem` is the csv module's word), on the line where the row begins."""
    if "unexpected end" in problem or "field larger" in problem or last_line > first_line:
        before = f" before line {last_line}" if last_line > first_line else ""
        what = f"a quote opens on this line and is not closed{before}"
    else:
        what = f"text follows a closing quote ({problem})"
    return DataError(
        what,
        file=path,
        line=first_line,
        expected=f"a field in quotes, followed by {sep!r} or the end of the line",
        fix='put the whole field in quotes and double the quotes inside it: "He said ""no"""',
    )


# ---- bytes


def nul_byte(path: Path, line: int, text: str) -> DataError:
    """The error for a line with a NUL byte."""
    return DataError(
        f"there is a NUL byte at character {text.index(chr(0)) + 1}",
        file=path,
        line=line,
        expected="text without NUL bytes",
        fix="the file may be UTF-16 (pass encoding='utf-16'), or a copy of it broke off: copy it again",
    )


def broken_gzip(path: Path, error: Exception) -> DataError:
    """The error for a gzip file that is not whole."""
    return DataError(
        f"the gzip file is cut off or damaged ({error})",
        file=path,
        expected="a whole gzip file",
        fix="download or copy the file again",
    )


def is_wide(encoding: str) -> bool:
    """Whether an encoding has several bytes for every character, so that lines cannot be told by their bytes."""
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def wrong_bytes(path: Path, lines: Iterable[bytes], encoding: str) -> DataError:
    """The error for the first of `lines` that is not `encoding`, with the encodings that would make sense of it."""
    for number, line in enumerate(lines, 1):
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
    likeliest = next(iter(readings), "latin-1")
    return DataError(
        f"byte {at + 1} of the line, 0x{line[at]:02x}, is not {encoding}",
        file=path,
        line=number,
        expected=f"text in {encoding}",
        fix=f"save the file as UTF-8, or pass encoding={likeliest!r}" + (f" ({shown})" if shown else ""),
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
