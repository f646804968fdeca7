"""Which column is what: named by the user, or guessed from common names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ramgnn.advice import OPEN, option
from ramgnn.datasets import faults
from ramgnn.datasets.frames.names import (
    ITEM_NAMES,
    RATING,
    RATING_NAMES,
    TIME_NAMES,
    TITLE_NAMES,
    USER_NAMES,
    Columns,
    plain_name,
)
from ramgnn.datasets.frames.table import Table
from ramgnn.datasets.frames.wanted import are_named, relation_columns
from ramgnn.errors import DataError


@dataclass(frozen=True)
class Guess:
    """Which column is taken for what, and whether that was said or guessed.

    Attributes:
        interactions, items, users: what the tables are called: the names of the files.
        user, item, time: columns of the interactions.
        item_id, title, item_relations: columns of the items.
        user_id, user_relations: columns of the users.
        guessed: names of the fields above that were guessed, not given.
        left_out: columns that are not read, as ``(table, column)``.
        rating: a column of the interactions, which is read only to keep what was liked; None where none looks so.
    """

    interactions: str
    items: str | None
    users: str | None
    user: str
    item: str
    time: str | None
    item_id: str | None
    title: str | None
    item_relations: tuple[str, ...]
    user_id: str | None
    user_relations: tuple[str, ...]
    guessed: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    rating: str | None = None

    def rows(self) -> list[tuple[str, str, str, str]]:
        """One row per decision: table, role, column or columns, and ``"given"`` or ``"guessed"``."""
        decisions = [
            (self.interactions, "user", self.user, "user"),
            (self.interactions, "item", self.item, "item"),
            (self.interactions, "time", self.time or "none: the order of the rows", "time"),
        ]
        if self.rating is not None:
            unused = (self.interactions, self.rating) in self.left_out
            decisions.append((self.interactions, "rating", self.rating + ", not used" * unused, "rating"))
        if self.items is not None:
            decisions += [
                (self.items, "item", self.item_id or "", "item_id"),
                (self.items, "title", self.title or "none: the ids", "title"),
                (self.items, "relations", ", ".join(self.item_relations) or "none", "item_relations"),
            ]
        if self.users is not None:
            decisions += [
                (self.users, "user", self.user_id or "", "user_id"),
                (self.users, "relations", ", ".join(self.user_relations) or "none", "user_relations"),
            ]
        return [
            (table, role, column, "guessed" if field in self.guessed else "given")
            for table, role, column, field in decisions
        ]

    def note(self) -> str:
        """One sentence for the notes of the data set."""
        roles = ", ".join(f"{role} = {column}" for _, role, column, _ in self.rows()[:3])
        note = f"columns of {self.interactions}: {roles}"
        if self.items is not None:
            note += f"; of {self.items}: item = {self.item_id}" + (f", title = {self.title}" if self.title else "")
        return note

    def left_out_note(self) -> str | None:
        """One sentence on the columns that are not read, or None."""
        tables: dict[str, list[str]] = {}
        for table, column in self.left_out:
            tables.setdefault(table, []).append(column)
        return "; ".join(f"not read of {table}: {', '.join(columns)}" for table, columns in tables.items()) or None

    def __str__(self) -> str:
        """The decisions as a small table, and the columns that are not read."""
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        if self.left_out:
            lines.append("not read: " + ", ".join(f"{column} ({table})" for table, column in self.left_out))
        return "\n".join(lines)


def guess_columns(
    interactions: Table, items: Table | None, users: Table | None, named: Columns, use_ratings: bool = False
) -> Guess:
    """Decide which column is what, by the names of the columns alone; ratings are read with `use_ratings`.

    Raises:
        DataError: a named column is missing, one stands for two things, nothing like a user or an item is there, or
            columns of a table that is not there are named.
    """
    user = _id_column(interactions, named.user, USER_NAMES, "user", "user_column")
    item = _id_column(interactions, named.item, ITEM_NAMES, "item", "item_column", taken=(user,))
    names = TIME_NAMES
    if {"year", "month"} & set(map(plain_name, interactions.columns)):
        names = names.replace(" day ", " ")  # of the month: the day alone says nothing
    time = None
    if named.time != "none" or "none" in (*interactions.columns, *interactions.index_names):
        time = _optional_column(interactions, named.time, names, taken=(user, item), index=True)
    if len({user, item, time}) < 3:
        raise DataError(
            f"one column stands for two things: user = {user!r}, item = {item!r}, time = {time!r}",
            expected="a column each",
            fix=f"name others with {option('user_column')}, {option('item_column')} and {option('time_column')}",
            **interactions.origin.at_header(),
        )
    rating = _rating_column(interactions, named.rating, (user, item, time), use_ratings)
    tables = [(interactions, {user, item, time, rating if use_ratings else None})]
    item_id, title, item_relations = None, None, ()
    if items is not None:
        item_id = _same_or_id_column(items, item, ITEM_NAMES, "item", interactions)
        title = _optional_column(items, named.title, TITLE_NAMES, taken=(item_id,), needed=False)
        item_relations = relation_columns(items, named.item_relations, taken=(item_id, title))
        tables.append((items, {item_id, title, *item_relations}))
    elif are_named(named.item_relations) or named.title:
        raise _no_table(
            "item relations are" if are_named(named.item_relations) else "a title column is", "item", interactions
        )
    user_id, user_relations = None, ()
    if users is not None:
        user_id = _same_or_id_column(users, user, USER_NAMES, "user", interactions)
        user_relations = relation_columns(users, named.user_relations, taken=(user_id,))
        tables.append((users, {user_id, *user_relations}))
    elif are_named(named.user_relations):
        raise _no_table("user relations are", "user", interactions)
    guessed = [field for field, name in vars(named).items() if name is None]
    guessed += ["item_id"] * (named.item is None or item_id != item)
    guessed += ["user_id"] * (named.user is None or user_id != user)
    return Guess(
        interactions=interactions.origin.name,
        items=None if items is None else items.origin.name,
        users=None if users is None else users.origin.name,
        user=user,
        item=item,
        time=time,
        item_id=item_id,
        title=title,
        item_relations=item_relations,
        user_id=user_id,
        user_relations=user_relations,
        guessed=tuple(guessed),
        left_out=_left_out(tables),
        rating=rating,
    )


def _left_out(tables: Sequence[tuple[Table, set[str | None]]]) -> tuple[tuple[str, str], ...]:
    """The columns that are not read, each once, also where one file holds interactions and items."""
    files = [table.origin.path or table.origin.name for table, _ in tables]
    found = {}
    for file, (table, _) in zip(files, tables, strict=True):
        used = set().union(*(u for other, (_, u) in zip(files, tables, strict=True) if other == file))
        found |= {(table.origin.name, column): None for column in table.columns if column not in used}
    return tuple(found)


def _no_table(columns: str, side: str, interactions: Table) -> DataError:
    """The error for columns of a table that is not there."""
    example = option(f"{side}s", f"{side}s.csv") if interactions.origin.path is not None else f"{side}s="
    return DataError(f"{columns} named, but no table of {side}s", fix=f"pass {example} as well")


def _same_or_id_column(table: Table, name: str, names: str, side: str, interactions: Table) -> str:
    """The column of ids of items or users: called as in the interactions, like `names`, or simply "id".

    Without a header it is the first one, but in the file of the interactions it is theirs.
    """
    if table.numbered and (table.origin.file is None or table.origin.file != interactions.origin.file):
        return table.columns[0]
    if name in (*table.columns, *table.index_names):
        return name
    return _id_column(table, None, f"{names} id", side, None)


def _id_column(
    table: Table, name: str | None, names: str, side: str, word: str | None, taken: Sequence[str] = ()
) -> str:
    """The column that is named, or the first that is called like `names`, in the order of `names`."""
    hint = f"pass another {option(word)}" if name is not None and word else ""
    column = _optional_column(table, name, names, taken, index=True, hint=hint)
    if column is None:
        listed = names.split()
        rename = f"rename the column of ids to {listed[1]!r}"
        if table.origin.path is None:
            rename += f", or name the index that holds them: frame.rename_axis({listed[1]!r})"
        raise DataError(
            f"no column looks like the {side}: {faults.listed(table.columns)}",
            expected=f"a column called {', '.join(listed[:4])} or the like",
            fix=f"name it: {option(word, OPEN)}" if word else rename,
            **table.origin.at_header(),
        )
    return column


def _optional_column(
    table: Table,
    name: str | None,
    names: str,
    taken: Sequence[str | None],
    index: bool = False,
    hint: str = "",
    needed: bool = True,
) -> str | None:
    """Like `_id_column`, but None when nothing fits; with `index`, levels of the index count after the columns.

    A column of bytes, say, is an error where it is named or `needed`, and passed over otherwise.
    """
    levels = table.index_names if index else ()
    if name is not None:
        if name not in (*table.columns, *levels):
            hint = hint or "pass another name, or leave it out"
            raise faults.missing_column(name, table.columns, hint, **table.origin.at_header())
        table.check_fit(name)
        return name
    taken = taken if needed else (*taken, *table.unfit)
    for candidates in (table.columns, levels):
        by_plain_name = {plain_name(column): column for column in reversed(candidates) if column not in taken}
        if column := next((by_plain_name[n] for n in names.split() if n in by_plain_name), None):
            table.check_fit(column)
            return column
    return None


def _rating_column(table: Table, name: str | None, taken: Sequence[str | None], needed: bool) -> str | None:
    """The column that is named, or the first that is called like ratings.

    Raises:
        DataError: it is missing though it is needed, or stands for something else, too.
    """
    column = _optional_column(table, name, RATING_NAMES, taken, needed=needed)
    if column is None:
        free = [c for c in table.columns if c not in (*taken, *table.unfit)]
        column = next((c for c in free if RATING.fullmatch(plain_name(c))), None)
    if column is not None and column in taken:
        raise DataError(
            f"column {column!r} stands for ratings and for something else",
            expected="a column each",
            fix=f"name another {option('rating_column')}",
            **table.origin.at_header(),
        )
    if needed and column is None:
        raise DataError(
            f"{option('min_rating')} is given, but no column looks like ratings: {', '.join(map(repr, table.columns))}",
            expected="a column called rating, score, stars or the like",
            fix=f"name it: {option('rating_column', OPEN)}",
            **table.origin.at_header(),
        )
    return column
