"""Your own data: a table of interactions, a table of items and, if you have one, a table of users.

    interactions.csv          items.csv                          users.csv (optional)
    user_id,item_id,date      item_id,title,genre,year           user_id,age,city
    ann,m1,2024-05-01         m1,Alien,Horror|Sci-Fi,1979        ann,31,Oslo

Every column of the items and users becomes a relation type. Columns are named by options, or guessed from common
names; `guess` shows what would be taken for what before anything large is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ramgnn.datasets.base import RecDataset, Relation, interactions, leave_last_out, with_negatives
from ramgnn.datasets.faults import missing_column, near
from ramgnn.datasets.reading import Layout, read_layout, read_table
from ramgnn.errors import DataError

USER_NAMES = "user user_id userid uid customer customer_id member member_id account account_id person person_id"
USER_NAMES += " visitor visitor_id viewer viewer_id reader reader_id listener listener_id client client_id msno"
ITEM_NAMES = "item item_id itemid iid movie movie_id film film_id product product_id song song_id track track_id"
ITEM_NAMES += " book book_id article article_id game game_id app app_id recipe recipe_id sku asin isbn"
TIME_NAMES = "time timestamp ts date datetime day created created_at when rated_at watched_at bought_at order position"
TITLE_NAMES = "title name label item_name item_title movie_title film_title product_name product_title song_name"

# an integer this large is a time since 1970 and not a place in a sequence: 10^8 s is March 1973
SECONDS_FROM, MILLISECONDS_FROM = 10**8, 10**11
MANY_NUMBERS = 50  # a column with more different numbers than this is better binned
SHOWN = 5  # ids and lines shown in a message


@dataclass(frozen=True)
class Guess:
    """Which column is taken for what, and whether that was said or guessed.

    Attributes:
        interactions, items, users: the files.
        user, item, time: columns of the interactions.
        item_id, title, item_relations: columns of the items.
        user_id, user_relations: columns of the users.
        guessed: names of the fields above that were guessed, not given.
        left_out: columns that are not read, as ``(file, column)``.
    """

    interactions: str
    items: str
    users: str | None
    user: str
    item: str
    time: str | None
    item_id: str
    title: str | None
    item_relations: tuple[str, ...]
    user_id: str | None
    user_relations: tuple[str, ...]
    guessed: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]

    def rows(self) -> list[tuple[str, str, str, str]]:
        """One row per decision: file, role, column or columns, and ``"given"`` or ``"guessed"``."""
        found = [
            (self.interactions, "user", self.user, "user"),
            (self.interactions, "item", self.item, "item"),
            (self.interactions, "time", self.time or "none: the order of the rows", "time"),
            (self.items, "item", self.item_id, "item_id"),
            (self.items, "title", self.title or "none: the ids", "title"),
            (self.items, "relations", ", ".join(self.item_relations) or "none", "item_relations"),
        ]
        if self.users is not None:
            found.append((self.users, "user", self.user_id or "", "user_id"))
            found.append((self.users, "relations", ", ".join(self.user_relations) or "none", "user_relations"))
        return [(f, role, what, "guessed" if own in self.guessed else "given") for f, role, what, own in found]

    def __str__(self) -> str:
        """The decisions as a small table, and the columns that are not read."""
        rows = self.rows()
        wide = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, wide, strict=True)).rstrip() for row in rows]
        if self.left_out:
            lines.append("not read: " + ", ".join(f"{column} ({file})" for file, column in self.left_out))
        return "\n".join(lines)


def guess(
    interactions: str | os.PathLike = "interactions.csv",
    items: str | os.PathLike = "items.csv",
    users: str | os.PathLike | None = None,
    *,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    title_column: str | None = None,
    item_relations: Sequence[str] | str | None = None,
    user_relations: Sequence[str] | str | None = None,
    sep: str | None = None,
    encoding: str = "utf-8",
) -> Guess:
    """Read only the headers and say which column is what; the options are those of `load`.

    Raises:
        DataError: a file cannot be read, a named column is missing, or nothing like a user or an item is found.
    """
    rows, things = Path(interactions), Path(items)
    head, item_head = (read_layout(path, sep, encoding=encoding) for path in (rows, things))
    said = {"user": user_column, "item": item_column, "time": time_column, "title": title_column}
    said |= {"item_relations": item_relations, "user_relations": user_relations}
    user = _column(rows, head, user_column, USER_NAMES, "user", "user_column")
    item = _column(rows, head, item_column, ITEM_NAMES, "item", "item_column", taken=(user,))
    time = _optional_column(rows, head, time_column, TIME_NAMES, taken=(user, item))
    if len({user, item, time}) < 3:
        raise DataError(
            f"one column stands for two things: user = {user!r}, item = {item!r}, time = {time!r}",
            file=rows,
            line=head.line,
            expected="a column each",
            fix="name others with user_column, item_column and time_column",
        )
    # the items may call their id as the interactions do, or simply "id"
    item_id = item if item in item_head.columns else _column(things, item_head, None, f"{ITEM_NAMES} id", "item", None)
    title = _optional_column(things, item_head, title_column, TITLE_NAMES, taken=(item_id,))
    item_types = _relation_columns(things, item_head, item_relations, taken=(item_id, title))
    person, user_types, user_head = None, (), None
    if users is not None:
        user_head = read_layout(users, sep, encoding=encoding)
        person = (
            user
            if user in user_head.columns
            else _column(Path(users), user_head, None, f"{USER_NAMES} id", "user", None)
        )
        user_types = _relation_columns(Path(users), user_head, user_relations, taken=(person,))
    elif user_relations:
        raise DataError("user relations are named, but no table of users", fix="pass users='users.csv' as well")
    guessed = [role for role, name in said.items() if name is None]
    guessed += ["item_id"] * (item_column is None or item_id != item)
    guessed += ["user_id"] * (user_column is None or person != user)
    read = [(rows, head, {user, item, time}), (things, item_head, {item_id, title, *item_types})]
    read += [(Path(users), user_head, {person, *user_types})] if users is not None and user_head is not None else []
    return Guess(
        interactions=rows.name,
        items=things.name,
        users=Path(users).name if users is not None else None,
        user=user,
        item=item,
        time=time,
        item_id=item_id,
        title=title,
        item_relations=item_types,
        user_id=person,
        user_relations=user_types,
        guessed=tuple(guessed),
        left_out=tuple((path.name, c) for path, layout, used in read for c in layout.columns if c not in used),
    )


def load(
    interactions: str | os.PathLike = "interactions.csv",
    items: str | os.PathLike = "items.csv",
    users: str | os.PathLike | None = None,
    *,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    title_column: str | None = None,
    item_relations: Sequence[str] | str | None = None,
    user_relations: Sequence[str] | str | None = None,
    separator: str | None = "|",
    bins: Mapping[str, float | str] | None = None,
    sep: str | None = None,
    encoding: str = "utf-8",
    duplicates: str = "error",
    unknown: str = "error",
    min_user: int = 2,
    name: str | None = None,
    split: str = "last",
    negatives: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> RecDataset:
    """Build a data set from your own tables (CSV, TSV, …; UTF-8; plain or gzipped), with a header each.

    Ids are text, so "007" stays "007". Items that nobody interacted with stay: they can be recommended through their
    attributes.

    Args:
        interactions: one row per interaction: a user, an item and, if there is one, a time.
        items: one row per item: its id, and columns that become relation types.
        users: one row per user, likewise.
        user_column, item_column, time_column, title_column: names of columns; None guesses, see `guess`.
        item_relations, user_relations: the columns to use; None uses all whose values join at least two nodes and do
            not join all of them.
        separator: between several values in one cell; None for one value a cell.
        bins: for columns of numbers, the width of the bins (``{"year": 10}`` gives "1990-1999") or a number of bins
            of equal counts (``{"price": "q5"}``).
        sep: between columns; None takes the one that divides the header into most columns.
        encoding: of all the files.
        duplicates: what to do with a pair of user and item that stands twice, and with an id that stands twice among
            the items or users: ``"error"``, or keep the ``"first"`` or ``"last"`` (in time, where there is a time).
        unknown: what to do with interactions of ids that the items or users do not list: ``"error"`` or ``"drop"``.
        min_user: users with fewer interactions are left out; 0 keeps those of `users` that have none.
        name: what to call the data set.
        split: ``"last"`` holds out the latest interaction of each user, ``"random"`` one drawn by `seed`.
        negatives: rank each held-out item among that many sampled ones; None ranks it among all items.
        seed: for the random split and the negatives.
        progress: show a bar of bytes for each file.

    Times may be whole seconds (or milliseconds) since 1970, dates and times in ISO form (2024-05-01, 2024-05-01T12:30,
    20240501), or any numbers that grow. Fractions of a second are dropped. Without a time, the order of the rows is
    the order in time.

    Raises:
        DataError: a file or a cell is not as expected; the message says where and what to do.
    """
    _one_of("duplicates", duplicates, ("error", "first", "last"))
    _one_of("unknown", unknown, ("error", "drop"))
    _one_of("split", split, ("last", "random"))
    columns = {"user_column": user_column, "item_column": item_column, "time_column": time_column}
    columns |= {"title_column": title_column, "item_relations": item_relations, "user_relations": user_relations}
    found = guess(interactions, items, users, **columns, sep=sep, encoding=encoding)
    reading = {"sep": sep, "encoding": encoding, "progress": progress}
    notes = [_columns_note(found)]
    if users is None and (beside := Path(interactions).parent / "users.csv").exists():
        notes.append(f"{beside.name} lies beside {found.interactions} and was not read: pass users= to use it")

    wanted = [found.title] if found.title else []
    things = _nodes(items, found.item_id, [*wanted, *found.item_relations], "item", duplicates, reading, notes)
    people = None
    if users is not None:
        people = _nodes(users, found.user_id, found.user_relations, "user", duplicates, reading, notes)

    wanted = [found.time] if found.time else []
    rows = read_table(interactions, [found.user, found.item, *wanted], (), **reading)
    rows = rows.set_axis(["user", "item", *["time"][: len(wanted)]], axis=1)
    for side in ("user", "item"):
        rows = rows.assign(**{side: _ids(rows[side], interactions, side)})
    rows = _known(rows, "item", things, interactions, items, unknown, notes)
    if people is not None:
        rows = _known(rows, "user", people, interactions, users, unknown, notes)
    kind = "order" if split == "last" else "none"
    if found.time:
        times, kind = _times(rows["time"], interactions, notes)
        rows = rows.assign(time=times)
    rows = _once(rows, interactions, duplicates, found.time is not None, notes)
    rows, user_ids = _users(rows, people, min_user, notes)

    table = _number(rows, user_ids, things.index)
    if split == "random":
        # a random place for each row, then the last one as usual: so that validation draws at random, too
        table = table.iloc[np.random.default_rng(seed).permutation(len(table))].drop(columns="time")
        kind = "none"
    elif kind == "order" and found.time:
        table["time"] = table.groupby("user")["time"].rank("dense").astype(np.int64) - 1
    times = table.get("time")
    train, test = leave_last_out(_interactions(table["user"], table["item"], times))
    bins, used = dict(bins or {}), set()
    made_items = _relations(things, found.item_relations, items, item_relations, separator, bins, used, notes)
    made_users: tuple[Relation, ...] = ()
    if people is not None:
        kept = people.reindex(user_ids)
        made_users = _relations(kept, found.user_relations, users, user_relations, separator, bins, used, notes)
    if wrong := [column for column in bins if column not in used]:
        raise _no_bin_column(wrong[0], [*found.item_relations, *found.user_relations])
    if not made_items:
        notes.append(f"no column of {found.items} joins items, so there is no graph of the items")
    if cold := len(things) - table["item"].nunique():
        notes.append(
            f"{cold:,} of {len(things):,} items have no interaction; they stay, known by their attributes only"
        )
    titles = things[found.title].str.strip() if found.title else things.index
    dataset = RecDataset(
        name=name or "tables",
        user_ids=tuple(user_ids),
        item_ids=tuple(things.index),
        user_labels=tuple(user_ids),
        item_labels=tuple(title or own for title, own in zip(titles, things.index, strict=True)),
        train=train,
        test=test,
        item_relations=made_items,
        user_relations=made_users,
        time_kind=kind,
        split=_split_sentence(split, found.time, seed),
        licence="your own data",
        source="your own tables: " + ", ".join(str(p) for p in (interactions, items, users) if p is not None),
        notes=tuple(notes),
    )
    return (dataset if negatives is None else with_negatives(dataset, negatives, seed)).check()


_interactions = interactions  # the option of `load` has the same name


# ---- columns


def _column(
    path: Path, layout: Layout, given: str | None, names: str, what: str, option: str | None, taken: Sequence[str] = ()
) -> str:
    """The column that is given, or the first whose name is among `names`, in the order of `names`."""
    if given is not None:
        if given not in layout.columns:
            raise missing_column(given, layout.columns, f"pass another {option}", file=path, line=layout.line)
        return given
    found = _optional_column(path, layout, None, names, taken)
    if found is None:
        listed = names.split()
        raise DataError(
            f"no column looks like the {what}: {', '.join(map(repr, layout.columns))}",
            file=path,
            line=layout.line,
            expected=f"a column called {', '.join(listed[:4])} or the like",
            fix=f"name it: {option}='…'" if option else f"rename the column of ids to {listed[1]!r}",
        )
    return found


def _optional_column(path: Path, layout: Layout, given: str | None, names: str, taken: Sequence[str]) -> str | None:
    """Like `_column`, but None when nothing fits."""
    if given is not None:
        if given not in layout.columns:
            raise missing_column(
                given, layout.columns, "pass another name, or leave it out", file=path, line=layout.line
            )
        return given
    plain = {_plain(column): column for column in reversed(layout.columns) if column not in taken}
    return next((plain[name] for name in names.split() if name in plain), None)


def _relation_columns(
    path: Path, layout: Layout, given: Sequence[str] | str | None, taken: Sequence[str | None]
) -> tuple[str, ...]:
    """The columns that are given, or all that are neither taken nor without a name."""
    if given is None:
        return tuple(c for c in layout.columns if c not in taken and not re.fullmatch(r"unnamed \d+", c))
    if isinstance(given, str):
        given = [given] if given in layout.columns else [part.strip() for part in given.split(",") if part.strip()]
    for column in given:
        if column not in layout.columns:
            raise missing_column(
                column, layout.columns, "pass another name, or leave it out", file=path, line=layout.line
            )
    return tuple(dict.fromkeys(given))


def _plain(name: str) -> str:
    """A column name in small letters with underscores: "Movie ID" and "movieId" become "movie_id"."""
    return re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())).strip("_").casefold()


def _columns_note(found: Guess) -> str:
    parts = [f"{role} = {column}" for _, role, column, _ in found.rows()[:3]]
    return f"columns of {found.interactions}: {', '.join(parts)}; of {found.items}: item = {found.item_id}" + (
        f", title = {found.title}" if found.title else ""
    )


# ---- rows


def _nodes(
    path: str | os.PathLike,
    column: str,
    others: Sequence[str],
    side: str,
    duplicates: str,
    reading: dict,
    notes: list[str],
) -> pd.DataFrame:
    """A table of items or users with the ids as index and the line of each row as column ``" line"``."""
    table = read_table(path, [column, *others], (), **reading)
    ids = _ids(table[column], path, side)
    again = ids.duplicated(keep=False if duplicates == "error" else duplicates)
    if again.any() and duplicates == "error":
        first = ids[again].iloc[0]
        raise DataError(
            f"the {side} {first!r} stands on several lines: {_listed(ids.index[ids == first])}"
            + (f" (and so do {ids[again].nunique() - 1:,} others)" if ids[again].nunique() > 1 else ""),
            file=path,
            line=int(ids.index[ids == first][1]),
            expected=f"one row per {side}",
            fix="put several values in one cell, joined by the separator '|', or pass duplicates='first' or 'last'",
        )
    if again.any():
        notes.append(f"{int(again.sum()):,} rows of {Path(path).name} repeat a {side}; the {duplicates} was kept")
    table, ids = table[~again], ids[~again]
    return table.assign(**{" line": table.index}).set_index(pd.Index(ids, name=side))


def _ids(column: pd.Series, path: str | os.PathLike, side: str) -> pd.Series:
    """The ids without spaces around them; an empty one is an error."""
    ids = column.str.strip()
    if (empty := ids == "").any():
        raise DataError(
            f"the {side} is empty"
            + (f" (here and on {int(empty.sum()) - 1:,} other lines)" if empty.sum() > 1 else ""),
            file=path,
            line=int(ids.index[empty][0]),
            expected=f"the id of the {side} on every line",
            fix="fill it in or remove the line",
        )
    return ids


def _known(
    rows: pd.DataFrame,
    side: str,
    nodes: pd.DataFrame,
    path: str | os.PathLike,
    listed_in: str | os.PathLike,
    unknown: str,
    notes: list[str],
) -> pd.DataFrame:
    """Interactions whose user or item is listed; others are an error, or dropped and noted."""
    strange = ~rows[side].isin(nodes.index)
    if not strange.any():
        return rows
    first = rows.loc[strange, side].drop_duplicates()
    shown = ", ".join(f"{name!r} (line {line})" for line, name in first.head(SHOWN).items())
    count = f"{len(first):,} {side}{'' if len(first) == 1 else 's'}"
    if unknown == "error":
        close = near(first.iloc[0], list(nodes.index[:10_000]))
        alike = f"; {Path(listed_in).name} has {', '.join(map(repr, close))}" if close else ""
        raise DataError(
            f"{count} of {Path(path).name} {'is' if len(first) == 1 else 'are'} not in {Path(listed_in).name}: "
            f"{shown}{', …' if len(first) > SHOWN else ''}{alike}",
            file=path,
            line=int(first.index[0]),
            expected=f"every {side} to have a row in {Path(listed_in).name}",
            fix=f"add the rows, or pass unknown='drop' to leave these {int(strange.sum()):,} interactions out",
        )
    rows = rows[~strange]
    if rows.empty:
        raise DataError(
            f"no {side} of it is in {Path(listed_in).name}",
            file=path,
            expected="the same ids in both files",
            fix=f"check which columns hold the ids: {shown} here, {', '.join(map(repr, nodes.index[:3]))} there",
        )
    notes.append(f"{int(strange.sum()):,} interactions of {count} not in {Path(listed_in).name} were dropped: {shown}")
    return rows


def _once(rows: pd.DataFrame, path: str | os.PathLike, duplicates: str, timed: bool, notes: list[str]) -> pd.DataFrame:
    """Each pair of user and item once."""
    again = rows.duplicated(["user", "item"])
    if not again.any():
        return rows
    if duplicates == "error":
        second = rows[again].head(SHOWN)
        seen = rows.reset_index().drop_duplicates(["user", "item"]).set_index(["user", "item"])["line"]
        shown = "; ".join(
            f"lines {seen[user, item]} and {line} (user {user!r}, item {item!r})"
            for line, user, item in zip(second.index, second["user"], second["item"], strict=True)
        )
        raise DataError(
            f"{int(again.sum()):,} rows repeat a pair of user and item: {shown}{'; …' if again.sum() > SHOWN else ''}",
            file=path,
            line=int(second.index[0]),
            expected="each pair of user and item once",
            fix="pass duplicates='first' or duplicates='last' to keep one of them",
        )
    order = rows.sort_values("time", kind="stable") if timed else rows
    kept = order.drop_duplicates(["user", "item"], keep=duplicates).sort_index()
    notes.append(f"{int(again.sum()):,} rows repeated a pair of user and item; the {duplicates} of each was kept")
    return kept


def _users(
    rows: pd.DataFrame, people: pd.DataFrame | None, min_user: int, notes: list[str]
) -> tuple[pd.DataFrame, pd.Index]:
    """The interactions and the ids of users who have enough of them, in order of first appearance."""
    sizes = rows.groupby("user", sort=False).size()
    if people is not None:
        sizes = pd.concat([sizes, pd.Series(0, index=people.index.difference(sizes.index, sort=False))])
    kept = sizes.index[sizes >= min_user]
    if (few := len(sizes) - len(kept)) > 0:
        notes.append(f"{few:,} of {len(sizes):,} users have fewer than {min_user} interactions and were left out")
    if not len(kept) or not sizes[kept].sum() or sizes.max() < 2:
        raise DataError(
            f"no user has {max(min_user, 2)} interactions (the most is {int(sizes.max())})",
            expected="users with several interactions each: one is held out, the rest is learned from",
            fix="give it more rows, or check which columns hold the users and the items",
        )
    return rows[rows["user"].isin(kept)], kept


def _number(rows: pd.DataFrame, user_ids: pd.Index, item_ids: pd.Index) -> pd.DataFrame:
    """The interactions with indices for ids."""
    user, item = user_ids.get_indexer(rows["user"]), item_ids.get_indexer(rows["item"])
    numbered = pd.DataFrame({"user": user, "item": item})
    numbered["time"] = rows["time"].to_numpy() if "time" in rows else np.arange(len(rows))
    # places within each user stand for times that are only an order
    return numbered if "time" in rows else numbered.assign(time=numbered.groupby("user").cumcount())


def _split_sentence(split: str, time: str | None, seed: int) -> str:
    if split == "random":
        return f"one interaction of each user drawn at random with seed {seed}"
    return f"leave the last out by {time}" if time else "leave the last out by the order of the rows"


# ---- times


def _times(column: pd.Series, path: str | os.PathLike, notes: list[str]) -> tuple[np.ndarray, str]:
    """Times as int64 ``(n,)`` and their kind, ``"seconds"`` or ``"order"``."""
    text = column.str.strip()
    if (empty := text == "").any():
        raise _no_time(path, text.index[empty][0], "", "fill it in, or remove the line")
    numbers = pd.to_numeric(text, errors="coerce").replace([np.inf, -np.inf], np.nan)
    if numbers.notna().all():
        return _number_times(text, numbers, notes)
    if numbers.notna().mean() > 0.5:
        at = numbers.index[numbers.isna()][0]
        raise _no_time(path, at, text[at], "mend the cell")
    dates = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    if dates.isna().any():
        at = dates.index[dates.isna()][0]
        fix = "write dates as 2024-05-01 or 2024-05-01T12:30:00, or leave time_column out if the rows are in order"
        raise _no_time(path, at, text[at], fix)
    return _seconds(dates), "seconds"


def _number_times(text: pd.Series, numbers: pd.Series, notes: list[str]) -> tuple[np.ndarray, str]:
    if text.str.fullmatch(r"(?:19|20)\d{6}").all():
        dates = pd.to_datetime(text, format="%Y%m%d", errors="coerce", utc=True)
        if dates.notna().all():
            notes.append("times such as 20240501 were read as year, month and day")
            return _seconds(dates), "seconds"
    whole = text.str.fullmatch(r"[+-]?\d{1,18}").all()
    values = text.astype(np.int64).to_numpy() if whole else numbers.to_numpy(np.float64)
    if values.min() >= MILLISECONDS_FROM:
        power = int(np.floor(np.log10(values.min() / 10**9) / 3)) * 3 or 3
        notes.append(f"times as large as {text.iloc[0]} were read as 10^-{power} seconds since 1970")
        return np.floor_divide(values, 10**power).astype(np.int64), "seconds"
    if values.min() >= SECONDS_FROM:
        return np.floor(values).astype(np.int64), "seconds"
    return pd.Series(values).rank(method="dense").to_numpy(np.int64), "order"


def _seconds(dates: pd.Series) -> np.ndarray:
    return dates.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)


def _no_time(path: str | os.PathLike, line: int, text: str, fix: str) -> DataError:
    return DataError(
        f"{text!r} is no time" if text else "the time is empty",
        file=path,
        line=int(line),
        expected="whole seconds since 1970, an ISO date (2024-05-01) or a number that grows with time",
        fix=fix,
    )


# ---- attributes


def _relations(
    nodes: pd.DataFrame,
    columns: Sequence[str],
    path: str | os.PathLike,
    named: Sequence[str] | str | None,
    separator: str | None,
    bins: Mapping[str, float | str],
    used: set[str],
    notes: list[str],
) -> tuple[Relation, ...]:
    """One relation type per column; columns whose values join no two nodes, or all, are noted."""
    made = []
    for column in columns:
        cells = nodes[column].fillna("")  # a user without a row among the users
        parts = cells.str.split(separator, regex=False) if separator else cells.map(lambda cell: [cell])
        lists = [[value for part in cell if (value := part.strip())] for cell in parts]
        if column in bins:
            used.add(column)
            lists = _binned(lists, bins[column], path, column, nodes[" line"])
        relation = Relation.from_lists(column, lists)
        complaint = _complaint(relation, len(nodes))
        if complaint:
            outcome = "it was left out" if named is None else "it stays, since it was named"
            notes.append(f"column {column!r} of {Path(path).name}: {complaint}; {outcome}")
        elif column not in bins and relation.n_values > MANY_NUMBERS and all(map(_is_number, relation.labels)):
            notes.append(
                f"column {column!r} of {Path(path).name} has {relation.n_values} different numbers; "
                f"bins={{{column!r}: 10}} or bins={{{column!r}: 'q10'}} would join neighbouring ones"
            )
        if not complaint or named is not None:
            made.append(relation)
    return tuple(made)


def _complaint(relation: Relation, n_nodes: int) -> str | None:
    """Why a column says nothing about who resembles whom, or None."""
    if relation.n_values == 0:
        return "it is empty"
    sizes = np.bincount(relation.values)
    if sizes.max() == 1:
        return "no two rows share a value, so that it makes no edge"
    if relation.n_values == 1 and sizes[0] == n_nodes:
        return f"every row has the value {relation.labels[0]!r}, so that it joins everything"
    return None


def _binned(
    lists: list[list[str]], how: float | str, path: str | os.PathLike, column: str, lines: pd.Series
) -> list[list[str]]:
    """Numbers as the labels of their bins."""
    flat = [(node, text) for node, own in enumerate(lists) for text in own]
    for node, text in flat:
        if not _is_number(text):
            raise DataError(
                f"{text!r} in column {column!r} is no number",
                file=path,
                line=int(lines.iloc[node]),
                expected=f"a number or an empty cell, since {column!r} is to be binned",
                fix=f"mend the cell, or leave {column!r} out of bins",
            )
    values = np.array([float(text) for _, text in flat])
    labels = _bin_labels(values, how, column) if len(values) else []
    binned: list[list[str]] = [[] for _ in lists]
    for (node, _), label in zip(flat, labels, strict=True):
        binned[node].append(label)
    return binned


def _bin_labels(values: np.ndarray, how: float | str, column: str) -> list[str]:
    """The label of the bin of each number: of equal width, or "q5" for five bins of equal counts."""
    whole = bool((values == np.floor(values)).all())
    if match := re.fullmatch(r"q(\d+)", str(how).strip()):
        if (n := int(match[1])) < 2:
            raise _no_bins(how, column)
        codes = pd.qcut(values, n, labels=False, duplicates="drop")
        codes = np.nan_to_num(codes).astype(int)  # a single value is its own bin, where qcut makes none
        names = {code: (values[codes == code].min(), values[codes == code].max()) for code in np.unique(codes)}
        return [_range(*names[code], whole) for code in codes]
    try:
        width = float(how)
    except (TypeError, ValueError):
        raise _no_bins(how, column) from None
    if not (width > 0 and np.isfinite(width)):
        raise _no_bins(how, column)
    whole = whole and width == int(width)
    low = np.floor(values / width) * width
    return [_range(a, a + width - 1 if whole else a + width, whole) for a in low]


def _range(low: float, high: float, whole: bool) -> str:
    """ "1990-1999" for whole numbers, both ends included; "0.5 to 1" for others, the upper end excluded."""
    if whole:
        return f"{low:.0f}" if low == high else f"{low:.0f}-{high:.0f}" if low >= 0 else f"{low:.0f} to {high:.0f}"
    return f"{low:.10g}" if low == high else f"{low:.10g} to {high:.10g}"


def _no_bins(how: object, column: str) -> DataError:
    return DataError(
        f"{how!r} are no bins for column {column!r}",
        expected="a width above 0, such as 10, or a number of bins of equal counts, such as 'q5'",
        fix=f"pass bins={{{column!r}: 10}}",
    )


def _no_bin_column(column: str, columns: Sequence[str]) -> DataError:
    close = near(column, columns)
    return DataError(
        f"there is no relation column {column!r} to bin" + (f"; did you mean {close[0]!r}?" if close else ""),
        expected=f"one of {', '.join(map(repr, columns))}",
        fix="name a column of numbers that is used as a relation",
    )


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _one_of(option: str, given: object, choices: Sequence[str]) -> None:
    if given not in choices:
        raise DataError(f"{option}={given!r}", expected=" or ".join(map(repr, choices)), fix="pass one of them")


def _listed(lines: Sequence[int]) -> str:
    return ", ".join(str(line) for line in lines[:SHOWN]) + (", …" if len(lines) > SHOWN else "")
