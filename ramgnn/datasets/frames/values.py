"""Cells of attributes as lists of values: divided, without what is missing, with a note on each decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api import types

from ramgnn.advice import option
from ramgnn.datasets.frames import cells
from ramgnn.datasets.frames.ids import visible_part
from ramgnn.datasets.frames.likeness import WHOLE_FLOAT
from ramgnn.datasets.frames.missing import PLACEHOLDERS, missing_values, suspects
from ramgnn.datasets.frames.notes import Note
from ramgnn.datasets.frames.separators import Split, split_of
from ramgnn.datasets.frames.table import SHOWN, Origin
from ramgnn.errors import DataError

Key = tuple[str, bool]  # a text, and whether it is a value of a list, which is not divided


@dataclass(frozen=True)
class Values:
    """The values of a column.

    Attributes:
        lists: one list of values for each of the ``n`` cells.
        notes: what was decided, as sentences.
        detail: the same in a few words.
    """

    lists: list[list[str]]
    notes: list[str]
    detail: str


def read_values(
    column: pd.Series, separator: str | None | Mapping[str, str | None], missing: frozenset[str], origin: Origin
) -> Values:
    """The values of each cell: those between separators, or those of a list, tuple or set (sorted).

    Spaces around a value are removed, and what is empty or missing is no value.

    Args:
        column: ``(n,)`` cells, indexed by place.
        separator: between values in a cell that is text, for all columns or for some by name.
        missing: values that are missing besides the known ones.
        origin: the table, for errors and notes.

    Raises:
        DataError: a cell, or a value in a list, is a dictionary, bytes or another list, or a list in a text is broken.
    """
    name = str(column.name)
    keys, rows, places = _keys(column, origin)
    counts = Counter(keys)
    whole = (PLACEHOLDERS - {"NA"}) | missing  # such a cell is not divided: "N/A"
    split = split_of(name, [text for text, listed in counts if not listed and text not in whole], separator)
    parts: dict[Key, list[str]] = {}
    for text, listed in counts:
        try:
            parts[text, listed] = [text] if listed or text in whole else split.parts(text)
        except ValueError:
            raise _broken_list(name, text, origin, places[keys.index((text, listed))]) from None
    parts = {key: [visible_part(value) for value in values] for key, values in parts.items()}
    known = [value for values in parts.values() for value in values if value not in PLACEHOLDERS]
    if known and all(map(WHOLE_FLOAT.fullmatch, known)):  # as pandas writes whole numbers among which some are missing
        parts = {key: [WHOLE_FLOAT.sub(r"\1", value) for value in values] for key, values in parts.items()}
    occurrences: dict[str, int] = {}
    for key, count in counts.items():
        for value in dict.fromkeys(parts[key]):
            occurrences[value] = occurrences.get(value, 0) + count
    texts = list(occurrences)
    is_missing, kept = missing_values(texts, np.array(list(occurrences.values())), missing)
    gone = {text for text, out in zip(texts, is_missing, strict=True) if out}
    if gone:
        parts = {key: [value for value in values if value not in gone] for key, values in parts.items()}
    if rows is None:
        lists = [parts[key] for key in keys]
    else:
        lists = [[] for _ in range(len(column))]
        for row, key in zip(rows, keys, strict=True):
            lists[row] += parts[key]
    n_missing = sum(not values for values in lists)
    notes = _notes(name, split, kept, origin)
    if gone or n_missing:
        notes.append(_missing_note(name, n_missing, len(lists), sorted(gone), origin))
    notes += [
        Note(
            f"{text!r} in column {name!r} of {origin.name} stands {origin.preposition} {occurrences[text]:,} "
            f"{origin.unit}s; if it says that nothing is known, {option('missing', [text])} makes it missing",
            doubt=True,
        )
        for text in suspects([text for text in texts if text not in gone and occurrences[text] > 1])
    ]
    details = [split.evidence] * bool(split.evidence) + [f"{n_missing:,} of {len(lists):,} missing"] * bool(n_missing)
    return Values(lists, notes, "; ".join(details))


def _keys(column: pd.Series, origin: Origin) -> tuple[list[Key], list[int] | None, Sequence[int]]:
    """The texts of a column whose cells may be lists, with the row (None where there is one for each) and place."""
    if not (types.infer_dtype(column, skipna=True).startswith("mixed") and any(map(_is_several, column))):
        return [(text.strip(), False) for text in cells.texts(column, origin)], None, column.index
    rows, places, values, listed = [], [], [], []
    for row, (place, cell) in enumerate(column.items()):
        several = _is_several(cell)
        for value in (sorted(cell, key=str) if isinstance(cell, (set, frozenset)) else cell) if several else [cell]:
            rows.append(row)
            places.append(place)
            values.append(value)
            listed.append(several)
    flat = pd.Series(values, index=places, dtype=object, name=column.name)
    return [(t.strip(), several) for t, several in zip(cells.texts(flat, origin), listed, strict=True)], rows, places


def _is_several(cell: object) -> bool:
    return types.is_list_like(cell) and not isinstance(cell, Mapping)


def _notes(name: str, split: Split, kept: list[str], origin: Origin) -> list[str]:
    """What was decided on dividing, and on values that look missing."""
    where = f"column {name!r} of {origin.name}"
    notes = []
    if split.evidence:
        notes.append(f"{where}: {split.evidence}; {option('separator', {name: None})} keeps the cells whole")
    if split.offer is not None:
        mark, counts = split.offer
        notes.append(
            f"{where}: not divided at {mark!r}, since that is not plain ({counts}); "
            f"{option('separator', {name: mark})} would divide it"
        )
    notes += [f"{where}: {clause}" for clause in kept]
    return notes


def _missing_note(name: str, n_missing: int, n: int, gone: list[str], origin: Origin) -> str:
    shown = ", ".join([text or "empty" for text in gone][:SHOWN]) + (", …" if len(gone) > SHOWN else "")
    if n_missing:
        return f"{n_missing:,} of {n:,} cells of {name} in {origin.name} are missing ({shown or 'empty'})"
    return f"some cells of {name} in {origin.name} hold a value that is missing ({shown})"


def _broken_list(name: str, text: str, origin: Origin, place: int) -> DataError:
    short = text if len(text) <= 60 else text[:60] + "…"
    return DataError(
        f"{short!r} in column {name!r} is no whole list",
        expected="a list such as ['Action', 'Comedy'], since most cells of the column are lists",
        fix=f"mend the cell, or pass {option('separator', {name: None})} to keep the cells whole",
        **origin.at(place),
    )
