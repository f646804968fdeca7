"""Ids that differ and yet look like one: ``u5`` and ``U5``, ``1`` and ``01``, é in two spellings, spaces unseen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

import pandas as pd

from ramgnn.datasets.faults import near
from ramgnn.datasets.frames.notes import Note
from ramgnn.datasets.frames.table import Origin

WHOLE_FLOAT = re.compile(r"(-?(?:0|[1-9]\d*))\.0+")
NUMBER = re.compile(r"([+-]?)(\d+)(?:\.0+)?")
POWER = re.compile(r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,3}")
LOOK_ALIKE = "look like one id"
ZEROS = "zeros in front, which spreadsheets and pandas remove"
EXACT = 2**53  # floats up to here hold every integer


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _same_signs(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _without_spaces(text: str) -> str:
    if text.isascii():
        return "".join(text.split())
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")


def _plain_number(text: str) -> str:
    """A whole number as a program writes it: 7 for 007, +7, 7.0 and 7e0; other texts as they are."""
    if not text[-1:].isdecimal():
        return text
    if match := NUMBER.fullmatch(text):
        digits = match[2].lstrip("0") or "0"
        return "-" * (match[1] == "-" and digits != "0") + digits
    if POWER.fullmatch(text) and (number := float(text)).is_integer() and abs(number) < EXACT:
        return str(int(number))
    return text


# how two ids may differ and yet be meant as one: what to say, and what both become
LIKENESSES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("a number written as 12.0 and as 12", lambda text: WHOLE_FLOAT.sub(r"\1", text)),
    ("capitals and small letters", str.casefold),
    ("how an accented letter is written (composed, or with a mark of its own)", _composed),
    ("spaces or invisible characters inside", _without_spaces),
    (ZEROS, lambda text: text.lstrip("0") if text.isdecimal() else text),
    ("how a number is written", _plain_number),
    ("signs that stand for the same, such as ① and 1", _same_signs),
    ("quotes around them", lambda text: text.strip("\"'")),
)


def alike(unlisted: pd.Series, listed: pd.Index, here: str, there: str) -> tuple[str, str]:
    """What the listed ids have that resembles the unlisted ones, as the end of a sentence, and what to do; or "".

    Args:
        unlisted: different ids that are not among `listed`.
        listed: the ids of a table.
        here, there: what the two tables are called.
    """
    for difference, fold in LIKENESSES:
        folded = {fold(text): text for text in listed}
        pairs = [(text, folded[key]) for text in unlisted if (key := fold(text)) in folded]
        if pairs:
            mine, theirs = map(_shown, pairs[0])
            n = len(pairs)
            n_such = "all" if n == len(unlisted) else f"{n:,}"
            also = f", as do {n_such} of these {len(unlisted):,}" if len(unlisted) > 1 else ""
            fix = "write the ids alike"
            if difference == ZEROS:
                fix += (
                    ", with the zeros or without them in both: keep the column as text in the spreadsheet, and with "
                    "dtype=str in pandas"
                )
            return (
                f"{mine} ({here}) and {theirs} ({there}) {LOOK_ALIKE}: they differ only in {difference}{also}",
                fix,
            )
    close = near(unlisted.iloc[0], list(listed[:10_000]))
    return f"{there} has {', '.join(map(repr, close))}" if close else "", ""


def note_alike(texts: Sequence[str], origin: Origin, side: str, notes: list[str]) -> None:
    """Note different ids of one column that look like one, a doubt for each way in which they differ.

    Args:
        texts: the different ids; equal ones count once.
        origin: the table; side: ``"user"`` or ``"item"``.
        notes: the doubts are added here.
    """
    first: dict[str, str] = {}
    pairs: dict[str, list[tuple[str, str]]] = {}
    for text in dict.fromkeys(texts):
        if (one := first.setdefault(_folded(text), text)) != text:
            pairs.setdefault(_difference(one, text), []).append((one, text))
    for difference, found in pairs.items():
        n = f"{len(found):,} id{'' if len(found) == 1 else 's'} of {side}s in {origin.name}"
        differs = "differs" if len(found) == 1 else "differ"
        one, other = map(_shown, found[0])
        note = f"{one} and {other} {LOOK_ALIKE}: {n} {differs} from another only in {difference}, and each stays "
        note += f"{'an' if side == 'item' else 'a'} {side} of its own; write those alike that are one"
        notes.append(Note(note, doubt=True))


def _folded(text: str) -> str:
    """A text without any of the differences that `LIKENESSES` tell, but for quotes."""
    if not (text.isascii() and text.isalnum()):
        text = _without_spaces(text if text.isascii() else _same_signs(text))
    elif text[0] != "0" and text.isdecimal() or not text[0].isdecimal():
        return text.casefold()
    return _plain_number(text).casefold()


def _difference(one: str, other: str) -> str:
    """In what two ids differ that look like one."""
    if one.casefold() == other.casefold():
        return "capitals"
    known = (difference for difference, fold in LIKENESSES if fold(one) == fold(other))
    return next(known, "several such ways (capitals, signs, spaces)")


def _shown(text: str) -> str:
    return repr(text) if text.isascii() else f"{text!r} ({ascii(text)})"
