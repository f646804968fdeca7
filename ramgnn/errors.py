"""The errors that a user sees: what is wrong, where, what was expected, what to do."""

from __future__ import annotations

import os


class RamgnnError(Exception):
    """Base of every error that `ramgnn` raises on purpose; the command line prints it without a traceback."""


class RamgnnWarning(UserWarning):
    """What `ramgnn` has to say without stopping; the command line prints it as a line of its own."""


class DivergedError(RamgnnError, ArithmeticError):
    """Training has diverged: the loss is no longer finite, so these settings do not work."""


class DataError(RamgnnError, ValueError):
    """Something is wrong with the data that was read.

    Args:
        what: what is wrong, one clause without a full stop.
        file: the file it is in.
        line: the line in that file, counted from 1.
        table: the data frame it is in, where there is no file.
        row: the label of the row in that data frame, as shown.
        expected: what was expected there.
        fix: what to do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        file: str | os.PathLike | None = None,
        line: int | None = None,
        table: str | None = None,
        row: str | None = None,
        expected: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.what, self.line, self.expected, self.fix = what, line, expected, fix
        self.file = os.fspath(file) if file is not None else None
        self.table, self.row = table, row
        places = [self.file, None if line is None else f"line {line}", table, None if row is None else f"row {row}"]
        place = ", ".join(part for part in places if part)
        parts = [f"{place}: {what}" if place else what]
        parts += [f"  expected: {expected}"] if expected else []
        parts += [f"  to mend it: {fix}"] if fix else []
        super().__init__("\n".join(parts))


class NotFoundError(RamgnnError, LookupError):
    """A name (data set, user, item, run, relation) that does not exist; carries near matches.

    Args:
        what: the kind of thing, for example ``"user"``.
        name: what was asked for.
        near: names that resemble it, best first.
        hint: a sentence that says how to list what there is.
    """

    def __init__(self, what: str, name: object, near: list[str] | None = None, hint: str | None = None) -> None:
        self.name, self.near = str(name), list(near or [])
        text = f"no {what} {str(name)!r}"
        if self.near:
            text += "; did you mean " + ", ".join(map(repr, self.near)) + "?"
        super().__init__(text + (f"\n  {hint}" if hint else ""))
