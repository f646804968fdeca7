"""Several values in one cell: which character divides them is found for each column by itself, and shown.

A character divides values when the parts are used like values: they recur in other cells, and stand now first, now
last, now alone. The "Inc." of "Pixar, Inc." recurs, but always last.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ramgnn.advice import option
from ramgnn.datasets.faults import near
from ramgnn.datasets.frames import literals
from ramgnn.datasets.frames.decimals import with_comma
from ramgnn.errors import DataError

AUTO = "auto"
LIST = "list"  # what a `Split` has instead of a character for lists that are written as text
CANDIDATES = (";", "\n", ",", "、", "/")  # besides "|", which always divides
RECUR, MIXED = 0.6, 0.25  # shares of the parts that recur, and of these that stand in several positions
MANY, RECUR_OF_MANY = 30, 0.45  # where so many recur, a smaller share will do: the casts of films have many rare names
ONE_SIDED = 0.9  # a share of cells whose last (or first) part never stands elsewhere that is a pattern
# what follows a comma in one name
SUFFIX = re.compile(
    r"\s*(?:(?i:inc|incorporated|ltd|limited|llc|llp|corp|corporation|gmbh|plc|jr|sr|et al)\.?|III?|The|Co\.|Esq\.?"
    r"|[SBNK]\.\s?[AVK]\.|S\.[rp]\.[lA]\.?|L\.L\.C\.|Ph\.?D\.?|M\.D\.)\s*"
)
LOOK_AT = 200  # lists that are tried before a column is taken to hold lists
_NUMBER = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+,\d+")


@dataclass(frozen=True)
class Split:
    """How the cells of a column are divided.

    Attributes:
        by: one character, `LIST`, or None for one value a cell.
        guessed: whether that was found by looking at the cells.
        evidence: what speaks for it, as a clause; empty where nothing was to be decided.
        offer: a character that might divide values but need not, with what speaks for it.
    """

    by: str | None
    guessed: bool = False
    evidence: str = ""
    offer: tuple[str, str] | None = None

    def parts(self, text: str) -> list[str]:
        """The values of one cell, without spaces around them and without empty ones.

        Raises:
            ValueError: it begins like a list and is none.
        """
        if self.by == LIST:
            if not literals.looks_like_list(text):
                if text[:1] == "[":
                    raise ValueError(text)
                return [text] if text else []
            found = literals.parts(text)
            if found is None:
                raise ValueError(text)
            return found
        if self.by is None:
            return [text] if text else []
        return [part for piece in _pieces(text, self.by, self.guessed) if (part := piece.strip())]


def check_separator(separator: object) -> None:
    """Refuse what is no separator: neither text nor None nor a mapping from columns to these, or a word ("comma").

    Raises:
        DataError: it is not.
    """
    for one in separator.values() if isinstance(separator, Mapping) else [separator]:
        is_word = isinstance(one, str) and len(one) > 1 and one.isalnum() and one != AUTO
        if one is not None and (not isinstance(one, str) or not one or is_word):
            raise DataError(
                f"the separator is {separator!r}",
                expected="a character, None for one value a cell, 'auto', or such a choice for each column",
                fix=f"pass {option('separator', ',')} or, for one column, {option('separator', {'genre': ','})}",
            )


def check_columns(separator: object, columns: Sequence[str]) -> None:
    """Refuse a separator for a column that is no relation.

    Raises:
        DataError: there is no such column.
    """
    for column in separator if isinstance(separator, Mapping) else ():
        if column not in columns:
            close = near(str(column), columns)
            raise DataError(
                f"there is no relation column {column!r} to divide"
                + (f"; did you mean {close[0]!r}?" if close else ""),
                expected=f"one of {', '.join(map(repr, columns))}",
                fix=f"name a column that is used as a relation after {option('separator')}",
            )


def split_of(column: str, texts: Sequence[str], separator: str | None | Mapping[str, str | None]) -> Split:
    """How the cells of a column are divided: as was said, or as they look.

    Args:
        column: its name.
        texts: the different cells that are text, without those that are missing.
        separator: what was said, as in `ramgnn.datasets.from_frames`.
    """
    said = separator.get(column, AUTO) if isinstance(separator, Mapping) else separator
    if said != AUTO:
        return Split(said)
    return guess(texts)


def guess(texts: Sequence[str]) -> Split:
    """How the different cells of a column look divided."""
    texts = [text for text in texts if text]
    if not texts:
        return Split(None)
    together = "\0" + "\0".join(texts)  # where a character is looked for once, and not in each cell
    lists = [text for text in texts if text[0] in "[{" and literals.looks_like_list(text)]
    if len(lists) * 2 > len(texts):
        read = [literals.parts(text) is not None for text in lists[:LOOK_AT]]
        return _found(Split(LIST, guessed=True), texts, "lists") if sum(read) * 2 > len(read) else Split(None)
    if "|" in together:
        return _found(Split("|"), texts, "cells divided at '|'")
    marks = [mark for mark in CANDIDATES if mark in together]
    if not marks or "://" in together or "\0www." in together:
        return Split(None)
    offer = None
    for mark in marks:
        cells = [(text, _parts(text, mark)) for text in texts]
        several = [parts for _, parts in cells if len(parts) > 1]
        if not several:
            continue
        if _are_numbers(texts, mark, several):
            continue
        recurring, mixed, one_sided = _use([parts for _, parts in cells])
        n_recurring = recurring * sum(map(len, several))
        enough = recurring >= (RECUR_OF_MANY if n_recurring >= MANY else RECUR)
        if len(several) > 1 and enough and mixed >= MIXED and not one_sided:
            return _found(Split(mark, guessed=True), texts, f"cells divided at {mark!r}")
        if offer is None and recurring >= RECUR / 2 and mixed > 0:
            offer = mark, _counts(len(texts), [parts for _, parts in cells])
    return Split(None, offer=offer)


def _found(split: Split, texts: Sequence[str], what: str) -> Split:
    parts = []
    for text in texts:
        try:
            parts.append(split.parts(text))
        except ValueError:  # the reader will complain with its place
            continue
    return Split(split.by, split.guessed, f"{what}: {_counts(len(texts), parts)}")


def _counts(n_cells: int, parts: Sequence[Sequence[str]]) -> str:
    """How many values there are without and with dividing."""
    return f"{n_cells:,} different cells, {len({part for cell in parts for part in cell}):,} different values"


def _pieces(text: str, mark: str, guessed: bool) -> list[str]:
    """A cell divided at each `mark`; where the mark was guessed, not before a suffix such as "Inc."."""
    if mark != "," or not guessed:
        return text.split(mark)
    pieces: list[str] = []
    for piece in text.split(","):
        if pieces and SUFFIX.fullmatch(piece):
            pieces[-1] += "," + piece
        else:
            pieces.append(piece)
    return pieces


def _parts(text: str, mark: str) -> list[str]:
    return list(dict.fromkeys(part for piece in _pieces(text, mark, True) if (part := piece.strip())))


def _are_numbers(texts: Sequence[str], mark: str, several: list[list[str]]) -> bool:
    """Whether the mark belongs to numbers: 1,234 or 3,5, a fraction or a date."""
    if mark == ",":
        return bool(with_comma(texts)) or all(_NUMBER.fullmatch(text) for text in texts if "," in text)
    return mark == "/" and all(part.isdecimal() for parts in several for part in parts)


def _use(cells: Sequence[Sequence[str]]) -> tuple[float, float, bool]:
    """How parts are used in the cells that have several.

    Args:
        cells: the parts of each different cell.

    Returns:
        The share of parts (by incidence) that recur in another cell; the share of those whose part stands in several
        positions (alone, first, last, between); and whether nearly all last or nearly all first parts never stand
        anywhere else.
    """
    degree: Counter[str] = Counter()
    positions: dict[str, set[str]] = {}
    for parts in cells:
        for place, part in enumerate(parts):
            degree[part] += 1
            positions.setdefault(part, set()).add(_position(place, len(parts)))
    several = [parts for parts in cells if len(parts) > 1]
    incidences = [part for parts in several for part in parts]
    recurring = [part for part in incidences if degree[part] > 1]
    mixed = [part for part in recurring if len(positions[part]) > 1]
    ends = [
        np.mean([positions[parts[end]] == {name} for parts in several]) for end, name in ((0, "first"), (-1, "last"))
    ]
    share = len(recurring) / len(incidences)
    return share, len(mixed) / max(len(recurring), 1), max(ends) >= ONE_SIDED


def _position(place: int, n: int) -> str:
    if n == 1:
        return "alone"
    return "first" if place == 0 else "last" if place == n - 1 else "between"
