"""What was decided while tables were read: sentences for people, and a row of a table for each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """What one column was taken for.

    Attributes:
        table, column: where it stands.
        role: what it is: ``"user"``, ``"time"``, ``"relation"``, …
        by: ``"given"`` or ``"guessed"``, or nothing where there was no choice.
        detail: how its cells were read, with an example.
    """

    table: str
    column: str
    role: str
    by: str
    detail: str


class Note(str):
    """A sentence in the notes of a data set, with what it stands for; everything else sees the sentence.

    Attributes:
        doubt: whether somebody should look at it before training.
        decisions: what each column was taken for, on the note that tells of the columns.
    """

    doubt: bool
    decisions: tuple[Decision, ...]

    def __new__(cls, text: str, doubt: bool = False, decisions: Sequence[Decision] = ()) -> Note:
        """The sentence `text`."""
        note = super().__new__(cls, text)
        note.doubt, note.decisions = doubt, tuple(decisions)
        return note


def is_doubt(note: str) -> bool:
    """Whether somebody should look at this note before training."""
    return isinstance(note, Note) and note.doubt


def doubts(notes: Sequence[str]) -> list[str]:
    """The notes that somebody should look at before training."""
    return [note for note in notes if is_doubt(note)]


def decisions(notes: Sequence[str]) -> list[Decision]:
    """What each column was taken for, as the notes of a data set that was just read have it."""
    return [decision for note in notes if isinstance(note, Note) for decision in note.decisions]
