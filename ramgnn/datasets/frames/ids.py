"""Ids of users and items: text without spaces around it, one text for one node, never a sign for "missing"."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from ramgnn.advice import option
from ramgnn.datasets.faults import near
from ramgnn.datasets.frames import cells
from ramgnn.datasets.frames.coded import categories, different
from ramgnn.datasets.frames.notes import Note
from ramgnn.datasets.frames.table import SHOWN, Origin
from ramgnn.errors import DataError

MAYBE = "NA"  # R's word for a missing value, but the code of Namibia too: an id where a table lists it
# what programs write where they have no id; names such as "unknown" are not among them
NO_IDS = frozenset(
    ("", "?", "-", "--", ".", "nan", "NaN", "NAN", "-nan", "-NaN", "NaT", "null", "Null", "NULL", "(null)", "<null>")
    + ("nil", "None", "none", "NONE", MAYBE, "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "undefined", "\\N")
)
INVISIBLE = "\ufeff\u200b\u2060\u00ad"  # a mark at the start of files, spaces without width, a hyphen to break at
WHOLE_FLOAT = re.compile(r"(-?(?:0|[1-9]\d*))\.0+")
WHOLE = re.compile(r"-?(?:0|[1-9]\d*)(?:\.0+)?")


def read_ids(
    column: pd.Series,
    origin: Origin,
    side: str,
    unknown: str,
    notes: list[str],
    missing: frozenset[str],
    maybe: bool = False,
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
        maybe: whether "NA" is an id.

    Returns:
        Ids as categories, with the index of the rows that stay.

    Raises:
        DataError: an id is missing and `unknown` is ``"error"``, or all are.
    """
    codes, written = different(column, origin)
    texts = [text.strip().strip(INVISIBLE).strip() for text in written]
    _note_merged(written, texts, origin, side, notes)
    _note_kinds(column, origin, side, notes)
    gone = _missing(texts, missing, maybe)
    if gone:
        kept = _leave_out(column.index, codes, texts, gone, origin, side, unknown, notes)
        column, codes = column[kept], codes[kept]
    known = [text for n, text in enumerate(texts) if n not in gone]
    n_floats = sum(map(bool, map(WHOLE_FLOAT.fullmatch, known)))
    if n_floats and all(map(WHOLE.fullmatch, known)):
        example = next(text for text in known if WHOLE_FLOAT.fullmatch(text))
        texts = [match[1] if (match := WHOLE_FLOAT.fullmatch(text)) else text for text in texts]
        notes.append(f"ids of {side}s in {origin.name} are written as {example} and were read as whole numbers")
    _note_alike(texts, origin, side, notes)
    _note_capitals([text for n, text in enumerate(texts) if n not in gone], origin, side, notes)
    ids = categories(codes, texts, column.index, column.name)
    if not cells.are_integers(column, ids):
        return ids, "str"
    if cells.are_whole_floats(column):
        notes.append(f"the ids of {side}s in {origin.name} came as floats and were read as integers: {ids.iloc[0]}")
    return ids, "int64"


def _missing(texts: list[str], more: frozenset[str], maybe: bool) -> dict[int, str]:
    """Those of some different texts that stand for a missing id, by their place; -1 where all others are from 0 on."""
    words = {text for text in more if not WHOLE.fullmatch(text)}  # 0 may be no year, and yet somebody's number
    no_ids = (NO_IDS - {MAYBE} if maybe else NO_IDS) | words
    missing = {n: text for n, text in enumerate(texts) if text in no_ids}
    if "-1" in texts and len(texts) - len(missing) > 1:
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


def _note_alike(texts: list[str], origin: Origin, side: str, notes: list[str]) -> None:
    """Note different ids that are written with the same letters, one composed (é) and one not (e and an accent)."""
    first: dict[str, str] = {}
    for text in texts:
        if not text.isascii() and first.setdefault(_composed(text), text) != text:
            notes.append(
                f"two {side}s of {origin.name} look like one id, {ascii(first[_composed(text)])} and {ascii(text)}: "
                "they differ only in how an accented letter is written"
            )
            return


def _note_capitals(texts: list[str], origin: Origin, side: str, notes: list[str]) -> None:
    """Note different ids that are one but for capitals."""
    first: dict[str, str] = {}
    pairs = [(one, text) for text in texts if (one := first.setdefault(text.casefold(), text)) != text]
    if pairs:
        n = f"{len(pairs):,} id{'' if len(pairs) == 1 else 's'} of {side}s in {origin.name}"
        differs = "differs" if len(pairs) == 1 else "differ"
        one, other = pairs[0]
        note = f"{one!r} and {other!r} look like one id: {n} {differs} from another only in capitals, and each stays a"
        notes.append(Note(f"{note} {side} of its own; write those alike that are one", doubt=True))


# ---- ids that are not listed -----------------------------------------------------------------------------------------


def _composed(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _without_spaces(text: str) -> str:
    if text.isascii():
        return "".join(text.split())
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")


ZEROS = "zeros in front, which spreadsheets and pandas remove"
# how two ids may differ and yet be meant as one: what to say, and what both become
LIKENESSES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("a number written as 12.0 and as 12", lambda text: WHOLE_FLOAT.sub(r"\1", text)),
    ("capitals and small letters", str.casefold),
    ("how an accented letter is written (composed, or with a mark of its own)", _composed),
    ("spaces or invisible characters inside", _without_spaces),
    (ZEROS, lambda text: text.lstrip("0") if text.isdecimal() else text),
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
                f"{mine} ({here}) and {theirs} ({there}) look like one id: they differ only in {difference}{also}",
                fix,
            )
    close = near(unlisted.iloc[0], list(listed[:10_000]))
    return f"{there} has {', '.join(map(repr, close))}" if close else "", ""


def _shown(text: str) -> str:
    return repr(text) if text.isascii() else f"{text!r} ({ascii(text)})"
