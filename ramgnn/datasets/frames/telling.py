"""What is told of the columns: which are not read, what ratings would say, and one row for each of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype

from ramgnn.advice import option, options
from ramgnn.datasets.frames.columns import Guess
from ramgnn.datasets.frames.dates import NAMED, NUMERIC
from ramgnn.datasets.frames.distinct import distinct
from ramgnn.datasets.frames.missing import PLACEHOLDERS
from ramgnn.datasets.frames.notes import Decision, Note
from ramgnn.datasets.frames.ratings import scale_offered, unused
from ramgnn.datasets.frames.table import Origin, Table


def unread(
    guess: Guess, missing: frozenset[str], interactions: Table, *others: Table | None
) -> tuple[list[str], dict[str, str]]:
    """Notes on the columns that are not read, and what is known of those of the interactions, by name.

    Args:
        guess: which column is what.
        missing: texts that are missing besides the known ones.
        interactions, others: the tables.
    """
    notes: list[str] = []
    details: dict[str, str] = {}
    if left_out := guess.left_out_note():
        notes.append(left_out)
    for table in (interactions, *others):
        if table is not None:
            notes += table.unfit_notes(column for name, column in guess.left_out if name == table.origin.name)
    details |= interactions.unfit
    left = [column for table, column in guess.left_out if table == guess.interactions]
    candidates = [column for column in left if column not in interactions.unfit]
    if not candidates or interactions.head is None:
        return notes, details
    sample = interactions.head(candidates)
    if guess.time is None and "time" in guess.guessed and (dated := columns_of_dates(sample, interactions.origin)):
        column, example = next(iter(dated.items()))
        details |= {name: f"dates, such as {cell}" for name, cell in dated.items()}
        notes.append(
            Note(
                f"column {column!r} of {guess.interactions} holds dates, such as {example}, and is not read: what "
                f"stands last is taken for the latest; {option('time_column', column)} goes by the dates",
                doubt=True,
            )
        )
    if guess.rating in candidates:
        note, details[guess.rating] = unused(guess.rating, sample[guess.rating], missing, interactions.origin)
        return [*notes, *([note] if note else [])], details
    for column in candidates:
        if offer := scale_offered(sample[column], interactions.origin):
            details[column], liked = offer
            notes.append(
                f"column {column!r} of {guess.interactions} holds numbers {details[column]}; if they are ratings, "
                f"{options({'rating_column': column, 'min_rating': liked})} keep what was liked"
            )
    return notes, details


def columns_of_dates(sample: pd.DataFrame, origin: Origin) -> dict[str, str]:
    """The columns whose first cells are all dates, or seconds since 1970, each with one of them.

    Args:
        sample: the first rows of a table, indexed by place.
        origin: the table.
    """
    found = {}
    for column in sample:
        if is_datetime64_any_dtype(sample[column].dtype):
            texts = [str(cell) for cell in sample[column].dropna().head(1)]
        else:
            texts = [text for text in distinct(sample[column], origin, column).text if text not in PLACEHOLDERS]
        if texts and all(map(_is_date, texts)):
            found[column] = texts[0]
    return found


def says_of_items(items: pd.Series, cells: pd.Series) -> bool:
    """Whether a column may say what an item is: rows of the same item agree, as they do not in the number of an order.

    Args:
        items: the item of each of the first rows.
        cells: their cells in the column.
    """
    rows = pd.DataFrame({"item": items, "cell": cells})
    rows = rows[rows["item"].duplicated(keep=False)]
    return rows.empty or bool((rows.groupby("item")["cell"].nunique() <= 1).mean() > 0.5)


def _is_date(text: str) -> bool:
    return bool(re.fullmatch(r"1\d{9}(?:\d{3})?", text)) or any(form.match(text) for form in (NUMERIC, *NAMED))


def decisions(guess: Guess, details: dict[str, str], relations: Sequence[Decision]) -> list[Decision]:
    """One row for each column: those with a role, the relations, and those that are not read.

    Args:
        guess: which column is what.
        details: of columns of the interactions and of the title, by name.
        relations: the rows of the relations.
    """
    found = []
    for table, role, column, by in guess.rows():
        if role == "relations":
            found += [decision for decision in relations if decision.table == table]
            continue
        if role == "rating":
            column = guess.rating or ""
            role = "not used" if (table, column) in guess.left_out else role
        detail = details.get(column, "") if table == guess.interactions else ""
        found.append(Decision(table, column, role, by, detail))
    shown = {(d.table, d.column) for d in found}
    found += [
        Decision(table, column, "not read", "", details.get(column, "") if table == guess.interactions else "")
        for table, column in guess.left_out
        if (table, column) not in shown
    ]
    return found


def told(guess: Guess, details: dict[str, str], relations: Sequence[Decision]) -> Note:
    """The first note of a data set, which says which column was taken for what."""
    return Note(guess.note(), decisions=decisions(guess, details, relations))
