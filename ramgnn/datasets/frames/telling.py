"""What is told of the columns: which are not read, what ratings would say, and one row for each of them."""

from __future__ import annotations

from collections.abc import Sequence

from ramgnn.advice import options
from ramgnn.datasets.frames.columns import Guess
from ramgnn.datasets.frames.notes import Decision, Note
from ramgnn.datasets.frames.ratings import scale_offered, unused
from ramgnn.datasets.frames.table import Table


def unread(guess: Guess, interactions: Table) -> tuple[list[str], dict[str, str]]:
    """Notes on the columns that are not read, and what is known of those of the interactions, by name."""
    notes: list[str] = []
    details: dict[str, str] = {}
    if left_out := guess.left_out_note():
        notes.append(left_out)
    candidates = [column for table, column in guess.left_out if table == guess.interactions]
    if not candidates or interactions.head is None:
        return notes, details
    sample = interactions.head(candidates)
    if guess.rating in candidates:
        note, details[guess.rating] = unused(guess.rating, sample[guess.rating], interactions.origin)
        return [*notes, *([note] if note else [])], details
    for column in candidates:
        if offer := scale_offered(sample[column], interactions.origin):
            details[column], liked = offer
            notes.append(
                f"column {column!r} of {guess.interactions} holds numbers {details[column]}; if they are ratings, "
                f"{options({'rating_column': column, 'min_rating': liked})} keep what was liked"
            )
    return notes, details


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
