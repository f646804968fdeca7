"""The rows of the tables: ids, items and users once each, interactions that are known and not repeated, the split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ramgnn.advice import option
from ramgnn.datasets.frames.codes import codes_of, have_repeats, known, pair_keys
from ramgnn.datasets.frames.ids import read_ids
from ramgnn.datasets.frames.likeness import LOOK_ALIKE, alike
from ramgnn.datasets.frames.notes import Note
from ramgnn.datasets.frames.table import SHOWN, Origin, Table
from ramgnn.datasets.split import interactions, leave_last_out
from ramgnn.errors import DataError


@dataclass(frozen=True, eq=False)
class Nodes:
    """The items or the users that a table lists.

    Attributes:
        origin: the table.
        ids: ``(n,)`` ids as text.
        dtype: ``"int64"`` where they came as integers, else ``"str"``.
        places: ``(n,)`` the place of each row.
        frame: the cells, one row per node in the order of `ids`.
    """

    origin: Origin
    ids: pd.Index
    dtype: str
    places: np.ndarray
    frame: pd.DataFrame

    def take(self, ids: pd.Index) -> Nodes:
        """The nodes of these ids, in their order."""
        order = self.ids.get_indexer(ids)
        return Nodes(self.origin, ids, self.dtype, self.places[order], self.frame.iloc[order])


def read_nodes(
    table: Table,
    id_column: str,
    others: Sequence[str],
    side: str,
    duplicates: str,
    unknown: str,
    missing: frozenset[str],
    notes: list[str],
) -> Nodes:
    """Read a table of items or users, each of them once.

    Raises:
        DataError: an id is missing and `unknown` is ``"error"``, or stands twice and `duplicates` is ``"error"``.
    """
    origin = table.origin
    frame = table.read([id_column, *others])
    ids, dtype = read_ids(frame[id_column], origin, side, unknown, notes, missing, frozenset(["NA"]))
    ids = ids.astype(str)
    if len(ids) < len(frame):
        frame = frame.loc[ids.index]
    repeated = ids.duplicated(keep=False if duplicates == "error" else duplicates)
    if repeated.any() and duplicates == "error":
        first = ids[repeated].iloc[0]
        places = ids.index[ids == first]
        n_others = ids[repeated].nunique() - 1
        raise DataError(
            f"the {side} {first!r} stands {origin.preposition} several {origin.unit}s: {origin.show_all(places)}"
            + (f" (and so do {n_others:,} others)" if n_others else ""),
            expected=f"one row per {side}",
            fix="put several values in one cell, joined by the separator '|', or pass "
            f"{option('duplicates', 'first')} or {option('duplicates', 'last')}",
            **origin.at(places[1]),
        )
    if repeated.any():
        one = "an item" if side == "item" else f"a {side}"
        notes.append(f"{_rows(repeated.sum())} of {origin.name} repeated {one}; the {duplicates} was kept")
    frame, ids = frame[~repeated], ids[~repeated]
    return Nodes(origin, pd.Index(ids, name=side), dtype, ids.index.to_numpy(), frame)


def keep_listed(
    rows: pd.DataFrame, side: str, nodes: Nodes, origin: Origin, unknown: str, notes: list[str]
) -> pd.DataFrame:
    """The interactions whose user or item is listed; others are an error, or dropped and noted.

    Args:
        rows: columns ``user, item``, indexed by place.
        side: ``"user"`` or ``"item"``.
        nodes: those that are listed.
        origin: where the interactions come from.
        unknown: ``"error"`` or ``"drop"``.

    Raises:
        DataError: an id is not listed and `unknown` is ``"error"``, or none is.
    """
    unlisted = ~rows[side].isin(nodes.ids)
    if not unlisted.any():
        return rows
    listed_in = nodes.origin.name
    first = rows.loc[unlisted, side].drop_duplicates()
    shown = ", ".join(f"{i!r} ({origin.unit} {origin.show(place)})" for place, i in first.head(SHOWN).items())
    n = int(unlisted.sum())
    close, fix = alike(first, nodes.ids, origin.name, listed_in)
    count = f"{len(first):,} {side}{'' if len(first) == 1 else 's'}"
    if unknown == "error":
        these = "this interaction" if n == 1 else f"these {n:,} interactions"
        fix = fix or "add the rows"
        if not unlisted.all():  # to leave all of them out would leave nothing
            fix += f", or pass {option('unknown', 'drop')} to leave {these} out"
        raise DataError(
            f"{count} of {origin.name} {'is' if len(first) == 1 else 'are'} not in {listed_in}: "
            f"{shown}{', …' if len(first) > SHOWN else ''}" + (f"; {close}" if close else ""),
            expected=f"every {side} to have a row in {listed_in}",
            fix=fix,
            **origin.at(first.index[0]),
        )
    rows = rows[~unlisted]
    if rows.empty:
        raise DataError(
            f"no {side} of it is in {listed_in}",
            expected=f"the same ids in both {'files' if origin.path is not None else 'data frames'}",
            fix=f"check which columns hold the ids: {shown} here, {', '.join(map(repr, nodes.ids[:3]))} there",
            **origin.at(),
        )
    were = "interaction of {} not in {} was" if n == 1 else "interactions of {} not in {} were"
    dropped = f"{n:,} {were.format(count, listed_in)} dropped: {shown}"
    # near names are no news where something is dropped as was asked for; what looks like a listed id is
    likely = LOOK_ALIKE in close
    notes.append(Note(dropped + f"; {close}: {fix}" * likely, doubt=likely))
    return rows


def keep_each_pair_once(
    rows: pd.DataFrame, origin: Origin, duplicates: str, by_time: bool, notes: list[str]
) -> pd.DataFrame:
    """Each pair of user and item once: the first or last in time, or else in the order of the rows.

    Raises:
        DataError: a pair stands twice and `duplicates` is ``"error"``.
    """
    keys = pair_keys(rows)
    if not have_repeats(keys):
        return rows
    repeated = pd.Series(keys, index=rows.index).duplicated()
    if duplicates == "error":
        second = rows[repeated].head(SHOWN)
        pairs = rows.rename_axis("place").reset_index().drop_duplicates(["user", "item"])
        first_place = pairs.set_index(["user", "item"])["place"]
        shown = "; ".join(
            f"{origin.unit}s {origin.show(first_place[user, item])} and {origin.show(place)} "
            f"(user {user!r}, item {item!r})"
            for place, user, item in zip(second.index, second["user"], second["item"], strict=True)
        )
        raise DataError(
            f"{int(repeated.sum()):,} rows repeat a pair of user and item: "
            f"{shown}{'; …' if repeated.sum() > SHOWN else ''}",
            expected="each pair of user and item once",
            fix=f"pass {option('duplicates', 'first')} or {option('duplicates', 'last')} to keep one of them",
            **origin.at(second.index[0]),
        )
    order = np.argsort(rows["time"].to_numpy(), kind="stable") if by_time else np.arange(len(rows))
    kept = order[~pd.Series(keys[order]).duplicated(keep=duplicates).to_numpy()]
    notes.append(f"{_rows(repeated.sum())} repeated a pair of user and item; the {duplicates} of each was kept")
    return rows.iloc[np.sort(kept)]


def keep_active_users(
    rows: pd.DataFrame, users: Nodes | None, min_user: int, notes: list[str]
) -> tuple[pd.DataFrame, pd.Index, pd.Index]:
    """The interactions and the ids of users who have enough of them, in order of first appearance, and the other ids.

    Users who are listed and have no interaction come last; they stay when `min_user` is 0.

    Raises:
        DataError: nobody has two interactions, or `min_user`.
    """
    codes, ids = codes_of(rows, "user"), known(rows, "user")
    present = pd.unique(codes)  # in order of first appearance
    sizes = pd.Series(np.bincount(codes, minlength=len(ids))[present], index=ids[present])
    if users is not None:
        sizes = pd.concat([sizes, pd.Series(0, index=users.ids.difference(sizes.index, sort=False))])
    kept = sizes.index[sizes >= min_user]
    if (n_few := len(sizes) - len(kept)) > 0:
        have, were, them = ("has", "was", "this one") if n_few == 1 else ("have", "were", "these")
        notes.append(
            f"{n_few:,} of {len(sizes):,} users {have} fewer than {min_user} interactions and {were} left out; "
            f"{option('min_user', int(sizes.min()))} keeps {them}, too"
        )
    if not len(kept) or not sizes[kept].sum() or sizes.max() < 2:
        raise DataError(
            f"no user has {max(min_user, 2)} interactions (the most is {int(sizes.max())})",
            expected="users with several interactions each: what goes together is learned from them, and one may be "
            "held out",
            fix="give it more rows, or check which columns hold the users and the items",
        )
    stays = ids.isin(kept)
    return rows if stays[present].all() else rows[stays[codes]], kept, sizes.index[sizes < min_user]


def number(rows: pd.DataFrame, user_ids: pd.Index, item_ids: pd.Index) -> pd.DataFrame:
    """The interactions with indices for ids: columns ``user, item, time``.

    Without a time, the place within each user's rows stands for it.
    """
    numbered = _numbered(rows, user_ids, item_ids)
    return numbered.assign(time=rows["time"].to_numpy() if "time" in rows else numbered.groupby("user").cumcount())


def _numbered(rows: pd.DataFrame, user_ids: pd.Index, item_ids: pd.Index) -> pd.DataFrame:
    """Indices for ids: columns ``user, item``, int32; -1 for one that is not there."""
    indices = {
        side: ids.get_indexer(known(rows, side)).astype(np.int32)[codes_of(rows, side)]
        for side, ids in (("user", user_ids), ("item", item_ids))
    }
    return pd.DataFrame(indices, copy=False)


def seen_pairs(low: pd.DataFrame, user_ids: pd.Index, item_ids: pd.Index) -> np.ndarray:
    """User and item, by index, of interactions that are not learned from: ``(k, 2)`` int32; none that is left out."""
    pairs = _numbered(low, user_ids, item_ids).to_numpy()
    return np.ascontiguousarray(pairs[(pairs >= 0).all(1)])


def divide(numbered: pd.DataFrame, time_kind: str, split: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and held-out interactions, one held out per user: the latest, one drawn at random, or none."""
    if split == "random":
        # a random place for each row, then the last one as usual: so that validation draws at random, too
        mixed = numbered.iloc[np.random.default_rng(seed).permutation(len(numbered))]
        return leave_last_out(interactions(mixed["user"], mixed["item"]))
    if time_kind == "order":
        places = numbered.groupby("user")["time"].rank("dense").astype(np.int64) - 1
        numbered = numbered.assign(time=places)
    everything = interactions(numbered["user"], numbered["item"], numbered["time"])
    return (everything, everything.iloc[:0]) if split == "none" else leave_last_out(everything)


def note_ties(train: pd.DataFrame, test: pd.DataFrame, notes: list[str]) -> None:
    """Note users who have several rows at their latest time, of which one is held out."""
    last = train.groupby("user")["time"].last().reindex(test["user"]).to_numpy()  # NaN where nothing is left
    n = int((last == test["time"].to_numpy()).sum())
    if n:
        notes.append(
            f"{n:,} of {len(test):,} users have several rows at their latest time; the one that stands first among "
            "them is held out"
        )


def split_sentence(split: str, time: str | None, seed: int) -> str:
    """How the interactions were divided, in words; `time` is the column of times, or None."""
    if split == "none":
        return "nothing is held out"
    if split == "random":
        return f"one interaction of each user drawn at random with seed {seed}"
    return f"leave the last out by {time}" if time else "leave the last out by the order of the rows"


def _rows(number: int) -> str:
    """So many rows, in words."""
    return f"{int(number):,} row{'' if number == 1 else 's'}"
