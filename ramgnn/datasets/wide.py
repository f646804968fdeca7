"""Encodings with several bytes for every character, UTF-16 and UTF-32: what tells them, with a mark or without."""

from __future__ import annotations

import codecs
from pathlib import Path

from ramgnn.advice import option
from ramgnn.errors import DataError

# what a file begins with; the mark of UTF-16 is the beginning of that of UTF-32, which so comes first
MARKS = {
    b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
    b"\xef\xbb\xbf": "utf-8",
}  # fmt: skip
# which bytes of each character of an ASCII text are NUL
NULS = {"utf-32-le": (0, 1, 1, 1), "utf-32-be": (1, 1, 1, 0), "utf-16-le": (0, 1, 0, 1), "utf-16-be": (1, 0, 1, 0)}
LOOKED_AT = 256  # bytes
MOSTLY = 0.8


def is_wide(encoding: str) -> bool:
    """Whether an encoding has several bytes for every character, so that lines cannot be told by their bytes."""
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def wide_encoding(start: bytes) -> str | None:
    """The encoding of several bytes that a file seems to have by its first bytes, or None.

    Without a mark it is told by the NUL bytes of its first line, since a header is mostly ASCII.
    """
    if (mark := next((mark for mark in MARKS if start.startswith(mark)), None)) is not None:
        return MARKS[mark] if MARKS[mark] != "utf-8" else None
    first = start[:LOOKED_AT].partition(b"\n")[0]
    first = first[: len(first) // 4 * 4]
    for encoding, nuls in NULS.items():
        shares = [first[at::4].count(0) / max(len(first) // 4, 1) for at in range(4)]
        if first and all(
            share >= MOSTLY if nul else share <= 1 - MOSTLY for share, nul in zip(shares, nuls, strict=True)
        ):
            return encoding
    return None


def not_this(path: Path, encoding: str, start: bytes) -> DataError:
    """The error for a file that is not of the encoding that was given; `start` are its first bytes."""
    wide, codec, line = wide_encoding(start), codecs.lookup(encoding).name, None
    what, fix = "", "leave the encoding out if the file is UTF-8, or pass the one that it was saved in"
    if wide is not None and codecs.lookup(wide).name != codec:
        what = " but begins with the mark of " if wide in MARKS.values() else " but seems to be "
        what += wide.upper()
        line, fix = 1, f"save it as UTF-8, or pass {option('encoding', wide)}"
    elif is_wide(encoding):
        what = ", for it ends within a character or has bytes that are none"
        if codec in MARKS.values() and wide is None:
            what = ", for it does not begin with its mark"
            ways = " or ".join(option("encoding", f"{codec}-{end}") for end in ("le", "be"))
            fix = f"leave the encoding out if the file is UTF-8, or pass {ways}"
    return DataError(
        f"the file is not {encoding}{what}",
        file=path,
        line=line,
        expected=f"text in {encoding}",
        fix=fix,
    )
