"""What was found in a folder: its form, which file is what, and how the forms that are known are told apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ramgnn.datasets.frames.columns import Columns
from ramgnn.datasets.frames.table import Table
from ramgnn.datasets.naming import file_called


@dataclass(frozen=True, eq=False)
class Found:
    """A folder that was recognised.

    Attributes:
        form: what it holds, for example ``"MovieLens, as .dat files"``.
        why: what that was seen from.
        interactions, items, users: its tables, with the columns that the form has.
        named: which column is what, as far as the form says so.
        unread: names of files that are not read.
        notes: what was converted; reading a table adds to it.
    """

    form: str
    why: str
    interactions: Table
    items: Table | None = None
    users: Table | None = None
    named: Columns = field(default_factory=Columns)
    unread: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """What was recognised and why, and which file is what."""
        return say(
            self.form,
            self.why,
            {"interactions": self.interactions, "items": self.items, "users": self.users},
            self.unread,
        )


def say(form: str, why: str, tables: dict[str, Table | Path | None], unread: tuple[str, ...]) -> str:
    """One sentence: the form, the reason, the files and those that are not read."""
    names = {role: t.origin.name if isinstance(t, Table) else t and t.name for role, t in tables.items()}
    files = ", ".join(f"{role} = {name or 'none'}" for role, name in names.items())
    return f"recognised as {form} ({why}): {files}" + (f"; not read: {', '.join(unread)}" if unread else "")


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, by name, without hidden files."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def others(folder: Path, *read: Path | None) -> tuple[str, ...]:
    """The names of the files in a folder that are not among `read`."""
    return tuple(path.name for path in visible(folder) if path not in read and path.is_file())


def plain_or_packed(folder: Path, name: str) -> Path | None:
    """The file of that name in a folder, or the gzipped one, or None; see `file_called`."""
    return file_called(folder, name) or file_called(folder, f"{name}.gz")


def from_here(path: Path) -> Path:
    """The path as it is typed in the current folder where it lies below that."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve())
    except ValueError:
        return path
