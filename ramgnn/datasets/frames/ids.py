"""Ids of users and items: text without spaces around it, one text for one node, never a sign for "missing"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ramgnn.advice import option
from ramgnn.datasets.frames import cells
from ramgnn.datasets.frames.coded import categories, different
from ramgnn.datasets.frames.likeness import WHOLE_FLOAT, note_alike
from ramgnn.datasets.frames.notes import Note
from ramgnn.datasets.frames.table import SHOWN, Origin
from ramgnn.errors import DataError

# R's word for a missing value, but the code of Namibia too; and a number like others: ids where a table lists them
MAYBE = frozenset(["NA", "-1"])
# what programs write where they have no id; names such as "unknown" are not among them
NO_IDS = frozenset(
    ("", "?", "-", "--", ".", "nan", "NaN", "NAN", "-nan", "-NaN", "NaT", "null", "Null", "NULL", "(null)", "<null>")
    + ("nil", "None", "none", "NONE", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "undefined", "\\N")
)
INVISIBLE = "\ufeff\u200b\u2060\u00ad"  # a mark at the start of files, spaces without width, a hyphen to break at
WHOLE = re.compile(r"-?(?:0|[1-9]\d*)(?:\.0+)?")


def visible_part(text: str) -> str:
    """A text without spaces and invisible characters at its ends, which would make two of one."""
    return text.strip().strip(INVISIBLE).strip()


def read_ids(
    column: pd.Series,
    origin: Origin,
    side: str,
    unknown: str,
    notes: list[str],
    missing: frozenset[str],
    listed: frozenset[str] = frozenset(),
) -> tuple[pd.Series, str]:
    """The ids as text and how they came: ``"int64"`` or ``"str"``.

    Spaces around an id are removed. Where all are whole numbers and some are written as 12.0, these are read as 12.

    Args:
        column: ``(n,)`` cells, indexed by place.
        origin: the table.
        side: ``"user"`` or ``"item"``.
        unknown: what to do with rows whose id is missing: ``"error"``, or ``"drop"`` them with a note.
        notes: what was decided is added here.
        missing: texts that are no id, besides `NO_IDS`; numbers among them are ids all the same.
        listed: of "NA" and "-1", those that are ids, for a table lists them.

    Returns:
        Ids as categories, with the index of the rows that stay.

    Raises:
        DataError: an id is missing and `unknown` is ``"error"``, or all are.
    """
    codes, written = different(column, origin)
    texts = [visible_part(text) for text in written]
    _note_lines(texts, origin, side, notes)
    _note_merged(written, texts, origin, side, notes)
    _note_kinds(column, origin, side, notes)
    gone = _missing(texts, missing, listed)
    if gone:
        kept = _leave_out(column.index, codes, texts, gone, origin, side, unknown, notes)
        column, codes = column[kept], codes[kept]
    known = [text for n, text in enumerate(texts) if n not in gone]
    n_floats = sum(map(bool, map(WHOLE_FLOAT.fullmatch, known)))
    if n_floats and all(map(WHOLE.fullmatch, known)):
        example = next(text for text in known if WHOLE_FLOAT.fullmatch(text))
        texts = [match[1] if (match := WHOLE_FLOAT.fullmatch(text)) else text for text in texts]
        notes.append(f"ids of {side}s in {origin.name} are written as {example} and were read as whole numbers")
    note_alike([text for n, text in enumerate(texts) if n not in gone], origin, side, notes)
    ids = categories(codes, texts, column.index, column.name)
    if not cells.are_integers(column, ids):
        return ids, "str"
    if cells.are_whole_floats(column):
        notes.append(f"the ids of {side}s in {origin.name} came as floats and were read as integers: {ids.iloc[0]}")
    return ids, "int64"


def _note_lines(texts: list[str], origin: Origin, side: str, notes: list[str]) -> None:
    """Note ids with a line end in them: hardly a program writes one, and a quote that is a letter joins two rows."""
    if broken := [text for text in texts if "\n" in text or "\r" in text]:
        n = f"{len(broken):,} id{'' if len(broken) == 1 else 's'} of {side}s in {origin.name}"
        has = "has" if len(broken) == 1 else "have"
        quotes = f"; if that is two rows, a quote is a letter: {option('quote', None)}" * (origin.file is not None)
        notes.append(Note(f"{n} {has} a line end inside, first {broken[0]!r}{quotes}", doubt=True))


def _missing(texts: list[str], more: frozenset[str], listed: frozenset[str]) -> dict[int, str]:
    """Those of some different texts that stand for a missing id, by their place; -1 where all others are from 0 on."""
    words = {text for text in more if not WHOLE.fullmatch(text)}  # 0 may be no year, and yet somebody's number
    no_ids = (NO_IDS - listed) | words
    missing = {n: text for n, text in enumerate(texts) if text in no_ids}
    if "-1" in texts and "-1" not in listed and len(texts) - len(missing) > 1:
        others = (text for n, text in enumerate(texts) if n not in missing and text != "-1")
        if all(text.isdecimal() for text in others):
            missing |= {n: text for n, text in enumerate(texts) if text == "-1"}
    return missing


def _leave_out(
    index: pd.Index,
    codes: np.ndarray,
    texts: list[str],
    missing: dict[int, str],
    origin: Origin,
    side: str,
    unknown: str,
    notes: list[str],
) -> np.ndarray:
    """Which rows have an id: ``(n,)`` bool.

    Raises:
        DataError: `unknown` is ``"error"``, or no row has one.
    """
    lost = np.isin(codes, list(missing))
    counts: Counter[str] = Counter()
    for code, n in zip(*np.unique(codes[lost], return_counts=True), strict=True):
        counts[texts[code]] += int(n)
    place, n_others = index[lost][0], int(lost.sum()) - 1
    text = texts[codes[lost][0]]
    others = f" (here and {origin.preposition} {n_others:,} other {origin.unit}{'s' if n_others > 1 else ''})"
    if unknown == "error" or lost.all():
        raise DataError(
            (f"the {side} is {text!r}, which stands for a missing one" if text else f"the {side} is empty")
            + (others if n_others else ""),
            expected=f"the id of the {side} {origin.preposition} every {origin.unit}",
            fix=f"fill it in, or check which column holds the {side}s"
            if lost.all()
            else f"fill it in, remove the {origin.unit}, or pass {option('unknown', 'drop')} to leave out "
            + (f"these {n_others + 1:,} {origin.unit}s" if n_others else f"this {origin.unit}"),
            **origin.at(place),
        )
    shown = ", ".join(f"{text!r} {n:,} times" if text else f"empty {n:,} times" for text, n in counts.most_common(5))
    notes.append(f"{n_others + 1:,} of {len(codes):,} rows of {origin.name} have no {side} and were left out: {shown}")
    return ~lost


def _note_merged(written: Iterable[str], texts: list[str], origin: Origin, side: str, notes: list[str]) -> None:
    """Note ids that differ only by the spaces around them, which are one id."""
    if (n := len(texts) - len(set(texts))) and (
        others := [a for a, b in zip(written, texts, strict=True) if a != b and b]
    ):
        differ, them = ("id of {}s in {} differs", "it") if n == 1 else ("ids of {}s in {} differ", "them")
        notes.append(
            f"{n:,} {differ.format(side, origin.name)} from others only by spaces around {them}, first {others[0]!r}; "
            "the spaces were removed, and what is then the same is one id"
        )


def _note_kinds(column: pd.Series, origin: Origin, side: str, notes: list[str]) -> None:
    """Note ids that stand in a column both as numbers and as text, which are one id."""
    both = cells.numbers_and_text(column)
    if both:
        shown = ", ".join(f"{text} and {text!r}" for text in both[:SHOWN]) + (", …" if len(both) > SHOWN else "")
        notes.append(f"{len(both):,} ids of {side}s in {origin.name} are numbers and text, taken for one: {shown}")
