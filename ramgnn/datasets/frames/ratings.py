"""Ratings: which column holds them, and which interactions are kept because somebody liked what they had."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ramgnn.advice import option, options
from ramgnn.datasets.frames.codes import codes_of, known
from ramgnn.datasets.frames.decimals import to_numbers
from ramgnn.datasets.frames.distinct import Distinct, distinct
from ramgnn.datasets.frames.missing import are_placeholders
from ramgnn.datasets.frames.notes import Note
from ramgnn.datasets.frames.table import SHOWN, Origin
from ramgnn.errors import DataError

FEW = 101  # a column with more different numbers than a scale has is none of ratings: a price, a number of seconds
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d{1,2}")  # with three figures behind it a comma may divide thousands
OPPOSITES = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "up": 1.0, "down": 0.0, "like": 1.0, "dislike": 0.0}
STARS = re.compile("[★⭐]{1,10}")
SHOWN_WORDS = 11  # different words that may be a scale
LIKED = 0.7  # from this place on its scale, a rating says that somebody liked it


def check_min_rating(min_rating: object) -> None:
    """Refuse what is no number.

    Raises:
        DataError: it is none.
    """
    number = isinstance(min_rating, (int, float, np.integer, np.floating)) and not isinstance(min_rating, bool)
    if min_rating is not None and not (number and abs(min_rating) <= sys.float_info.max):
        raise DataError(
            f"the smallest rating to keep is {min_rating!r}",
            expected="a number",
            fix=f"pass the smallest rating to keep, such as {option('min_rating', 4)}",
        )


def keep_liked(
    rows: pd.DataFrame, column: str, min_rating: float, missing: frozenset[str], origin: Origin, notes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The interactions with at least that rating, and user and item of the others; those without one are among these.

    Args:
        rows: with a column ``rating``, indexed by place.
        column: what it is called in the table.
        min_rating: the smallest rating to keep.
        missing: texts that are missing besides the known ones.
        origin: where the interactions come from.
        notes: how many were left out is added here.

    Raises:
        DataError: a rating is no number, or none is large enough.
    """
    cells = distinct(rows["rating"], origin, column)
    gone = are_placeholders(cells.text, missing)
    numbers, with_comma = _read_ratings(list(cells.text), gone)
    if with_comma:
        notes.append(f"{with_comma} in column {column!r} of {origin.name} is a number with a decimal comma")
    if (wrong := np.isnan(numbers) & ~gone).any():
        places = cells.places_of(wrong)
        raise DataError(
            f"{cells.show(wrong)} in column {column!r} is no number" + f" ({len(places):,} such)" * (len(places) > 1),
            expected="a number in each cell of the ratings, or nothing",
            fix="mend the cell (a number such as 4.5)"
            + (f", pass {options(words)} to count it as no rating" if (words := _offered(cells, wrong, gone)) else "")
            + f", name another {option('rating_column')}, or leave out {option('min_rating')}",
            **origin.at(places[0]),
        )
    liked = np.zeros(len(gone), dtype=bool)
    liked[~gone] = numbers[~gone] >= min_rating
    keep, unrated = liked[cells.codes], gone[cells.codes]
    scale = _scale(numbers[~gone])
    if not keep.any():
        raise DataError(
            f"no rating in column {column!r} is {min_rating:g} or more" + f" (they go {scale})" * bool(scale),
            expected="some interactions to be kept",
            fix=f"pass a smaller {option('min_rating')}",
            **origin.at(),
        )
    low = int((~keep & ~unrated).sum())
    note = (
        f"{low:,} of {len(rows):,} {origin.unit}s of {origin.name} have a rating below {min_rating:g} and were left out"
    )
    note += f" (column {column!r}, {scale})"
    if unrated.any():
        note += f"; {int(unrated.sum()):,} more have none"
    notes.append(note)
    if not keep.all():
        notes.append(
            "what was left out for its rating is not learned from, and yet it counts as had: nobody is recommended it"
        )
    return rows[keep], rows.loc[~keep, ["user", "item"]].reset_index(drop=True)


def without_any(rows: pd.DataFrame, low: pd.DataFrame) -> list[str]:
    """The ids of users who are in `low` and have none of the `rows` that were kept."""
    return list(known(low, "user")[np.setdiff1d(codes_of(low, "user"), codes_of(rows, "user"))])


def lost_note(users: Sequence[str], what: str, more: str) -> str:
    """The note on users who are left out for they have none of `what`, such as ``"row with a time"``."""
    n = len(users)
    have, were = ("user has", "was") if n == 1 else ("users have", "were")
    return f"{n:,} {have} no {what} and {were} left out, first {users[0]!r}{more}"


def unused(column: str, sample: pd.Series, missing: frozenset[str], origin: Origin) -> tuple[Note | None, str]:
    """The note on a column of ratings that is not used, and what it holds in a few words; None where it holds none.

    Args:
        column: what it is called in the table.
        sample: its first cells, indexed by place.
        missing: texts that are missing besides the known ones.
        origin: where the interactions come from.
    """
    cells = distinct(sample, origin, column)
    numbers, words = _scale_and_words(cells, missing)
    if numbers is None:
        return _note_on_words(cells, words, column, origin), "no numbers on a scale"
    scale = _scale(numbers)
    least, best = numbers.min(), numbers.max()
    threshold = suggested(numbers)
    ways = f"{least:g} counts as much as {best:g}" if least < best else "a low rating counts as much as a high one"
    note = (
        f"the ratings in column {column!r} of {origin.name} ({scale}) are not used: every row counts as liked, and "
        f"{ways}; {options({'min_rating': threshold} | _without(cells, words))} keeps what was rated {threshold:g} or "
        "more"
    )
    if not words.any():
        return Note(note, doubt=True), scale
    n = len(cells.places_of(words))
    among = f"{n:,} of the first {len(sample):,} cells"
    note += f"; {among} {'is no number' if n == 1 else 'are no numbers'}: {cells.show(words)}"
    return Note(note, doubt=True), f"{scale}, and words: {among}"


def _note_on_words(cells: Distinct, words: np.ndarray, column: str, origin: Origin) -> Note | None:
    """The note on ratings that are a few words, of which nobody can tell here which are good; None for others."""
    if not 2 <= words.sum() <= SHOWN_WORDS:
        return None
    note = f"the ratings in column {column!r} of {origin.name} are no numbers, such as {cells.show(words)}, and are "
    note += (
        f"not used: every row counts as liked; with numbers in their place {option('min_rating')} keeps what was liked"
    )
    return Note(note)  # no doubt: films are rated PG-13, too


def _offered(cells: Distinct, wrong: np.ndarray, gone: np.ndarray) -> dict[str, list[str]]:
    """`_without`, where something is left that is a rating."""
    return _without(cells, wrong) if (~wrong & ~gone).any() else {}


def _without(cells: Distinct, words: np.ndarray) -> dict[str, list[str]]:
    """The option that makes some words missing ratings; none where they are many, for these are to be looked at."""
    texts = list(dict.fromkeys(map(str, cells.text[words])))
    return {"missing": texts} if 0 < len(texts) <= SHOWN else {}


def suggested(numbers: np.ndarray) -> int | float:
    """The smallest of some ratings that says that somebody liked it: 4 of 1 to 5."""
    least, best = numbers.min(), numbers.max()
    rating = float(numbers[numbers >= least + LIKED * (best - least)].min())
    return int(rating) if rating.is_integer() else rating


def scale_offered(sample: pd.Series, origin: Origin) -> tuple[str, int | float] | None:
    """The scale in the first cells of a column with another name, and from where on it says "liked"; or None.

    A scale has 2 to 11 different numbers that lie close together.
    """
    numbers = _numbers(distinct(sample, origin))
    if numbers is None or not 2 <= len(numbers) <= 11 or np.ptp(numbers) > 10 or np.abs(numbers).max() > 10:
        return None
    return _scale(numbers), suggested(numbers)


def _numbers(cells: Distinct) -> np.ndarray | None:
    """The different ratings, or None where some cells are no numbers or there are too many different ones."""
    numbers, words = _scale_and_words(cells)
    return None if words.any() else numbers


def _scale_and_words(cells: Distinct, missing: frozenset[str] = frozenset()) -> tuple[np.ndarray | None, np.ndarray]:
    """The different ratings (None where most are words, or on no scale), and which of the ``(k,)`` texts are words."""
    gone = are_placeholders(cells.text, missing)
    numbers, _ = _read_ratings(list(cells.text), gone)
    words = np.isnan(numbers) & ~gone
    rated = ~np.isnan(numbers) & ~gone
    scale = np.unique(numbers[rated])
    fits = 0 < len(scale) <= FEW and cells.counts[words].sum() < cells.counts[rated].sum()
    return (scale if fits else None), words


def _read_ratings(texts: list[str], gone: np.ndarray) -> tuple[np.ndarray, str]:
    """``(k,)`` numbers, ``"4,5"`` being 4.5 as in many spreadsheets, and one such text or "".

    Where all that is not `gone`, ``(k,)`` bool, is one of two opposites, these are 1 and 0; and stars are counted.
    """
    said = [text.casefold() for text, out in zip(texts, gone, strict=True) if not out]
    if said and all(word in OPPOSITES for word in said):
        return np.array([OPPOSITES.get(text.casefold(), np.nan) for text in texts]), ""
    if said and all(map(STARS.fullmatch, said)):
        return np.array([len(text) if STARS.fullmatch(text) else np.nan for text in texts], float), ""
    commas = [text for text in texts if DECIMAL_COMMA.fullmatch(text)]
    return to_numbers([text.replace(",", ".") if text in commas else text for text in texts]), (commas or [""])[0]


def _scale(numbers: np.ndarray) -> str:
    if not len(numbers):
        return ""
    low, high = f"{numbers.min():g}", f"{numbers.max():g}"
    return f"from {low} to {high}" if low != high else f"all {low}"
