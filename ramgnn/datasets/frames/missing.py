"""Cells that say that nothing is known: ``?``, ``\\N``, ``NULL``, ``nan``, ``-``, -1 where no other is negative.

Such a cell is no value, so two rows that have it do not resemble each other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from ramgnn.advice import option
from ramgnn.datasets.frames.decimals import read_numbers, to_numbers
from ramgnn.errors import DataError

# what programs write for "nothing is known"; "" is an empty cell
PLACEHOLDERS = frozenset(
    ["", "?", "??", "\\N", "NULL", "Null", "null", "NIL", "nil", "NaN", "nan", "NAN", "-NaN", "-nan", "None", "NaT"]
    + ["N/A", "n/a", "N/a", "#N/A", "#N/A N/A", "#NA", "NA", "<NA>", "<null>", "(null)", "#NULL!", "1.#QNAN", "-1.#IND"]
    + ["-", "--", "---", "–", "—", "[]", "{}"]  # noqa: RUF001 - dashes as spreadsheets write them
)
NEGATIVE = (-1.0, -99.0, -999.0, -9999.0)  # numbers that stand for nothing where no other is negative
# words that may mean the same; people decide
SUSPECTS = frozenset(
    ["unknown", "none", "not known", "not available", "not specified", "unspecified", "undefined", "missing", "na"]
    + ["n.a.", "no data", "tbd"]
)


def check_missing(missing: object) -> frozenset[str]:
    """The texts that are missing besides the known ones, as texts.

    Raises:
        DataError: `missing` is no list of values.
    """
    if isinstance(missing, str) or not isinstance(missing, Collection):
        raise DataError(
            f"missing is {missing!r}",
            expected="a list of values that mean that nothing is known",
            fix=f"pass {option('missing', [missing])}",
        )
    return frozenset(str(value).strip() for value in missing)


def are_placeholders(texts: Iterable[str], more: Collection[str]) -> np.ndarray:
    """Which texts stand for nothing, `more` of them besides the known ones: ``(k,)`` bool."""
    return np.array([text in PLACEHOLDERS or text in more for text in texts], dtype=bool)


def missing_values(texts: Sequence[str], counts: np.ndarray, more: frozenset[str]) -> tuple[np.ndarray, list[str]]:
    """Which of the different values of a column are missing.

    Args:
        texts: the ``k`` different values.
        counts: ``(k,)`` how often each stands in the column.
        more: texts that are missing besides the known ones.

    Returns:
        ``(k,)`` bool, and the values that look missing but were taken as they are, each as a clause with the reason.
    """
    missing = are_placeholders(texts, more)
    kept = []
    if "NA" in texts and "NA" not in more and (reason := _reason_for_na(texts, counts, missing)):
        missing[list(texts).index("NA")] = False
        kept.append(f"'NA' was taken as a value, since {reason}; {option('missing', ['NA'])} makes it missing")
    place, is_missing = _negative(texts, counts, missing)
    if is_missing:
        missing[place] = True
    elif place is not None:
        kept.append(f"{texts[place]!r} was taken as a number; {option('missing', [texts[place]])} makes it missing")
    return missing, kept


def _reason_for_na(texts: Sequence[str], counts: np.ndarray, missing: np.ndarray) -> str | None:
    """Why "NA" is a value here, Namibia for example, or None where it says that nothing is known."""
    others = [text for text, gone in zip(texts, missing, strict=True) if not gone]
    count = counts[list(texts).index("NA")]
    if len(others) > 2 and all(re.fullmatch("[A-Z]{2}", text) for text in others) and count <= counts[~missing].max():
        return "the others have two capital letters too"
    alone = {text for text, gone in zip(texts, missing, strict=True) if gone} <= {"", "NA"}
    if count == 1 and alone and others and np.isnan(to_numbers(others)).all():
        return "it stands once and joins nothing"
    return None


def _negative(texts: Sequence[str], counts: np.ndarray, missing: np.ndarray) -> tuple[int | None, bool]:
    """The one negative code of a column whose other values are numbers from 0 on, and whether it means nothing.

    It is a number like others where it stands once, in -1, 0, 1 (votes) or next to few others (a truth value).
    """
    if sum(text[:1] == "-" for text, out in zip(texts, missing, strict=True) if not out) != 1:
        return None, False
    known = np.flatnonzero(~missing)
    numbers, _ = read_numbers([texts[k] for k in known])
    if np.isnan(numbers).any() or (numbers < 0).sum() != 1:
        return None, False
    place = int(np.argmin(numbers))
    if numbers[place] not in NEGATIVE:
        return None, False
    others = np.delete(numbers, place)
    if not len(others):
        return None, False
    apart = others.min() > 0 or len(others) >= 5 or numbers[place] < -1
    return int(known[place]), bool(counts[known[place]] > 1 and others.max() >= 2 and apart)


def suspects(texts: Sequence[str]) -> list[str]:
    """Values that may mean that nothing is known, in words that are not among the placeholders."""
    return [text for text in texts if text.casefold() in SUSPECTS and text not in PLACEHOLDERS]
