"""From tables to a data set: the steps that files and data frames have in common, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ramgnn.datasets.base import RecDataset, Relation, with_negatives
from ramgnn.datasets.faults import check_choice
from ramgnn.datasets.frames import cells
from ramgnn.datasets.frames.attributes import check_bins, relations
from ramgnn.datasets.frames.coded import read_coded_ids
from ramgnn.datasets.frames.codes import codes_of, known
from ramgnn.datasets.frames.columns import Columns, Guess, guess_columns
from ramgnn.datasets.frames.rows import (
    Nodes,
    divide,
    keep_active_users,
    keep_each_pair_once,
    keep_listed,
    number,
    read_nodes,
)
from ramgnn.datasets.frames.table import Table
from ramgnn.datasets.frames.times import read_times


@dataclass(frozen=True)
class Options:
    """What is done with the rows; `ramgnn.datasets.from_frames` describes each field.

    Raises:
        DataError: a choice is none of those there are.
    """

    separator: str | None = "|"
    bins: Mapping[str, float | str] | None = None
    duplicates: str = "error"
    unknown: str = "error"
    min_user: int = 2
    split: str = "last"
    negatives: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("duplicates", self.duplicates, ("error", "first", "last"))
        check_choice("unknown", self.unknown, ("error", "drop"))
        check_choice("split", self.split, ("last", "random"))


def build(
    interactions: Table,
    items: Table | None,
    users: Table | None,
    named: Columns,
    options: Options,
    *,
    name: str,
    source: str,
    notes: Sequence[str] = (),
) -> RecDataset:
    """Make a data set of tables.

    Args:
        interactions: one row per interaction.
        items: one row per item; None for the items that occur in the interactions, without attributes.
        users: one row per user; None for the users that occur, without attributes.
        named: the columns that the user named.
        options: what is done with the rows.
        name: of the data set.
        source: what the data set says of where it comes from.
        notes: sentences to put behind the one on the columns.

    Raises:
        DataError: a table or a cell is not as expected; the message says where and what to do.
    """
    guess = guess_columns(interactions, items, users, named)
    notes = [guess.note(), *notes]
    listed_items, listed_users = _read_listed(items, users, guess, options, notes)
    rows, dtypes = _read_interactions(interactions, guess, notes)
    if listed_items is not None:
        rows = keep_listed(rows, "item", listed_items, interactions.origin, options.unknown, notes)
    if listed_users is not None:
        rows = keep_listed(rows, "user", listed_users, interactions.origin, options.unknown, notes)
    time_kind = "order"
    if guess.time:
        times, time_kind = read_times(rows["time"], interactions.origin, notes)
        rows = rows.assign(time=times)
    rows = keep_each_pair_once(rows, interactions.origin, options.duplicates, guess.time is not None, notes)
    rows, user_ids = keep_active_users(rows, listed_users, options.min_user, notes)
    item_ids = known(rows, "item")[pd.unique(codes_of(rows, "item"))] if listed_items is None else listed_items.ids

    rows = number(rows, user_ids, item_ids)  # by its old name, so that the memory is free for what comes
    n_cold = len(item_ids) - rows["item"].nunique()
    train, test = divide(rows, time_kind, options.split, options.seed)
    del rows
    item_relations, user_relations = _relations(listed_items, listed_users, user_ids, guess, named, options, notes)
    notes += _graph_notes(guess, item_relations, n_cold, len(item_ids))
    dataset = RecDataset(
        name=name,
        user_ids=tuple(user_ids),
        item_ids=tuple(item_ids),
        user_labels=tuple(user_ids),
        item_labels=_labels(listed_items, guess.title) if listed_items is not None else tuple(item_ids),
        train=train,
        test=test,
        item_relations=item_relations,
        user_relations=user_relations,
        time_kind="none" if options.split == "random" else time_kind,
        split=_split_sentence(options.split, guess.time, options.seed),
        licence="your own data",
        source=source,
        notes=tuple(notes),
        user_id_dtype=_common_dtype(dtypes["user"], listed_users),
        item_id_dtype=_common_dtype(dtypes["item"], listed_items),
    )
    if options.negatives is not None:
        dataset = with_negatives(dataset, options.negatives, options.seed)
    return dataset.check()


def _read_listed(
    items: Table | None, users: Table | None, guess: Guess, options: Options, notes: list[str]
) -> tuple[Nodes | None, Nodes | None]:
    """The items and the users that have a table."""
    listed_items = listed_users = None
    if items is not None:
        columns = [*([guess.title] if guess.title else []), *guess.item_relations]
        listed_items = read_nodes(items, guess.item_id, columns, "item", options.duplicates, notes)
    if users is not None:
        listed_users = read_nodes(users, guess.user_id, guess.user_relations, "user", options.duplicates, notes)
    return listed_items, listed_users


def _read_interactions(table: Table, guess: Guess, notes: list[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """The interactions with ids as text (columns ``user, item`` and perhaps ``time``), and how ids came, by side."""
    columns = {guess.user: "user", guess.item: "item"} | ({guess.time: "time"} if guess.time else {})
    rows = table.read(list(columns)).rename(columns=columns)
    dtypes = {}
    for side in ("user", "item"):
        ids, dtypes[side] = read_coded_ids(rows[side], table.origin, side, notes)
        rows = rows.assign(**{side: ids})
    return rows, dtypes


def _relations(
    items: Nodes | None,
    users: Nodes | None,
    user_ids: pd.Index,
    guess: Guess,
    named: Columns,
    options: Options,
    notes: list[str],
) -> tuple[tuple[Relation, ...], tuple[Relation, ...]]:
    """The relation types of the items and of the users who stay."""
    bins = dict(options.bins or {})
    sides = (
        (items, guess.item_relations, named.item_relations),
        (None if users is None else users.take(user_ids), guess.user_relations, named.user_relations),
    )
    both = tuple(
        relations(nodes, columns, names is not None, options.separator, bins, notes) if nodes is not None else ()
        for nodes, columns, names in sides
    )
    check_bins(bins, [*guess.item_relations, *guess.user_relations])
    return both


def _graph_notes(guess: Guess, item_relations: Sequence[Relation], n_cold: int, n_items: int) -> list[str]:
    """What the reader should know of the graph of the items."""
    notes = []
    if guess.items is None:
        notes.append("there is no table of items, so there is no graph of the items")
    elif not item_relations:
        notes.append(f"no column of {guess.items} joins items, so there is no graph of the items")
    if n_cold:
        notes.append(f"{n_cold:,} of {n_items:,} items have no interaction; they stay, known by their attributes only")
    return notes


def _labels(items: Nodes, title: str | None) -> tuple[str, ...]:
    """The titles of the items, or their ids where there is none."""
    if title is None:
        return tuple(items.ids)
    titles = cells.texts(items.frame[title], items.origin).str.strip()
    return tuple(label or item_id for label, item_id in zip(titles, items.ids, strict=True))


def _common_dtype(dtype: str, nodes: Nodes | None) -> str:
    """ "int64" where ids came as integers in the interactions and, if there is one, in their own table."""
    return "int64" if dtype == "int64" and (nodes is None or nodes.dtype == "int64") else "str"


def _split_sentence(split: str, time: str | None, seed: int) -> str:
    if split == "random":
        return f"one interaction of each user drawn at random with seed {seed}"
    return f"leave the last out by {time}" if time else "leave the last out by the order of the rows"
