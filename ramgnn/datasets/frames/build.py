"""From tables to a data set: the steps that files and data frames have in common, in order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ramgnn import arguments
from ramgnn.advice import OPEN, option
from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.faults import check_choice
from ramgnn.datasets.frames.attributes import check_bins, relations
from ramgnn.datasets.frames.bins import check_width
from ramgnn.datasets.frames.codes import codes_of, known
from ramgnn.datasets.frames.columns import Columns, Guess, guess_columns
from ramgnn.datasets.frames.ids import MAYBE, read_ids
from ramgnn.datasets.frames.missing import check_missing
from ramgnn.datasets.frames.names import by_name
from ramgnn.datasets.frames.notes import Decision
from ramgnn.datasets.frames.ratings import check_min_rating, keep_liked, lost_note, without_any
from ramgnn.datasets.frames.rows import (
    Nodes,
    divide,
    keep_active_users,
    keep_each_pair_once,
    keep_listed,
    note_ties,
    number,
    read_nodes,
    seen_pairs,
    split_sentence,
)
from ramgnn.datasets.frames.separators import check_columns, check_separator
from ramgnn.datasets.frames.table import Table, blank_notes
from ramgnn.datasets.frames.telling import told, unread
from ramgnn.datasets.frames.times import check_time_format, keep_timed, read_times
from ramgnn.datasets.frames.titles import labels
from ramgnn.datasets.negatives import with_negatives
from ramgnn.errors import DataError


@dataclass(frozen=True)
class Options:
    """What is done with the rows; `ramgnn.datasets.from_frames` describes each field.

    Raises:
        DataError: a choice is none of those there are, or a value is of another kind.
    """

    separator: str | None | Mapping[str, str | None] = "auto"
    bins: Mapping[str, float | str] | None = None
    duplicates: str = "error"
    unknown: str = "error"
    min_user: int = 2
    split: str = "last"
    negatives: int | None = None
    seed: int = 0
    missing: Collection = ()
    min_rating: float | None = None
    time_format: str | None = None

    def __post_init__(self) -> None:
        check_choice("duplicates", self.duplicates, ("error", "first", "last"))
        check_choice("unknown", self.unknown, ("error", "drop"))
        check_choice("split", self.split, ("last", "random", "none"))
        expected = "a dictionary, such as {'year': 10}, or None"
        arguments.instance("bins", self.bins, (Mapping, type(None)), expected, DataError)
        for name in ("bins", "separator"):  # of columns, whose names are text
            if isinstance(columns := getattr(self, name), Mapping):
                object.__setattr__(self, name, by_name(columns))
        for column, bins in (self.bins or {}).items():
            check_width(bins, column)
        arguments.whole_number("min_user", self.min_user, 0, error=DataError)
        arguments.seed(self.seed, DataError)
        if self.negatives is not None:
            arguments.whole_number("negatives", self.negatives, 1, error=DataError)
        check_separator(self.separator)
        check_missing(self.missing)
        check_min_rating(self.min_rating)
        check_time_format(self.time_format)


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
    guess = guess_columns(interactions, items, users, named, options.min_rating is not None)
    check_bins(options.bins or {}, [*guess.item_relations, *guess.user_relations])
    missing = check_missing(options.missing)
    columns_notes, details = unread(guess, missing, interactions, items, users)
    notes = [*columns_notes, *notes]
    listed_items, listed_users = _read_listed(items, users, guess, options, missing, notes)
    listed = {"item": listed_items, "user": listed_users}
    rows, dtypes = _read_interactions(interactions, guess, listed, options.unknown, missing, notes)
    everybody = known(rows, "user")[pd.unique(codes_of(rows, "user"))]
    time_kind = "order"
    aside: list[pd.DataFrame] = []  # user and item of interactions that are not learned from
    lost: list[str] = []  # users who have no other interactions
    unliked: list[str] = []
    if guess.time:
        if options.unknown == "drop":
            rows, untimed = keep_timed(rows, interactions.origin, missing, notes)
            if untimed is not None:
                aside.append(untimed)
                lost = without_any(rows, untimed)
        # of all rows: the one that decides between day and month may be one that is left out
        times, time_kind = read_times(
            rows["time"], interactions.origin, notes, time_format=options.time_format, missing=missing
        )
        rows = rows.assign(time=times)
        details[guess.time] = notes[-1].partition(": ")[2]
    elif options.time_format is not None:
        raise _no_time_column(interactions)
    if options.min_rating is not None:
        # first, so that what is asked for twice is what was thought of it last, not what of it was liked
        rows = keep_each_pair_once(rows, interactions.origin, options.duplicates, guess.time is not None, notes)
        rows, low = keep_liked(rows, guess.rating, options.min_rating, missing, interactions.origin, notes)
        unliked = without_any(rows, low)
        aside.append(low)
        details[guess.rating] = f"{options.min_rating:g} or more"
    if listed_items is not None:
        rows = keep_listed(rows, "item", listed_items, interactions.origin, options.unknown, notes)
    if listed_users is not None:
        rows = keep_listed(rows, "user", listed_users, interactions.origin, options.unknown, notes)
    rows = keep_each_pair_once(rows, interactions.origin, options.duplicates, guess.time is not None, notes)
    rows, user_ids, left_out = keep_active_users(rows, listed_users, options.min_user, notes)
    # users of a table may stay without an interaction
    lost, unliked = ([user for user in users if user not in user_ids] for users in (lost, unliked))
    notes += [lost_note(lost, "row with a time", "")] if lost else []
    if unliked:
        more = f"; a smaller {option('min_rating')} keeps more"
        notes.append(lost_note(unliked, f"rating of {options.min_rating:g} or more", more))
    item_ids = known(rows, "item")[pd.unique(codes_of(rows, "item"))] if listed_items is None else listed_items.ids

    rows = number(rows, user_ids, item_ids)  # by its old name, so that the memory is free for what comes
    n_cold = len(item_ids) - rows["item"].nunique()
    train, test = divide(rows, time_kind, options.split, options.seed)
    if options.split == "last":
        note_ties(train, test, notes)
    del rows
    taken: list[Decision] = []
    item_relations, user_relations = _relations(
        listed_items, listed_users, user_ids, guess, named, options, notes, taken
    )
    notes += _graph_notes(guess, item_relations, n_cold, len(item_ids))
    item_labels = tuple(item_ids) if listed_items is None else labels(listed_items, guess.title, missing, notes)
    dataset = RecDataset(
        name=name,
        user_ids=tuple(user_ids),
        item_ids=tuple(item_ids),
        user_labels=tuple(user_ids),
        item_labels=item_labels,
        train=train,
        test=test,
        item_relations=item_relations,
        user_relations=user_relations,
        time_kind="none" if options.split == "random" else time_kind,
        split=split_sentence(options.split, guess.time, options.seed),
        licence="your own data",
        own=True,
        left_out_users=tuple(dict.fromkeys([*left_out, *everybody.difference(user_ids, sort=False)])),
        source=source,
        notes=(told(guess, details, taken), *notes, *blank_notes(interactions, items, users)),
        user_id_dtype=_common_dtype(dtypes["user"], listed_users),
        item_id_dtype=_common_dtype(dtypes["item"], listed_items),
    )
    if aside:
        dataset = replace(dataset, seen=seen_pairs(pd.concat(aside), user_ids, item_ids))
    if options.negatives is not None:
        dataset = with_negatives(dataset, options.negatives, options.seed)
    return dataset.check()


def _read_listed(
    items: Table | None, users: Table | None, guess: Guess, options: Options, missing: frozenset[str], notes: list[str]
) -> tuple[Nodes | None, Nodes | None]:
    """The items and the users that have a table."""
    how = (options.duplicates, options.unknown, missing, notes)
    listed_items = listed_users = None
    if items is not None:
        columns = [*([guess.title] if guess.title else []), *guess.item_relations]
        listed_items = read_nodes(items, guess.item_id, columns, "item", *how)
    if users is not None:
        columns = list(guess.user_relations)
        listed_users = read_nodes(users, guess.user_id, columns, "user", *how)
    return listed_items, listed_users


def _read_interactions(
    table: Table,
    guess: Guess,
    listed: Mapping[str, Nodes | None],
    unknown: str,
    missing: frozenset[str],
    notes: list[str],
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The interactions with ids as text (and perhaps columns ``time, rating``), and how ids came, by side."""
    columns = {guess.user: "user", guess.item: "item"} | ({guess.time: "time"} if guess.time else {})
    if guess.rating is not None and (guess.interactions, guess.rating) not in guess.left_out:
        columns[guess.rating] = "rating"
    rows = table.read(list(columns)).rename(columns=columns)
    dtypes = {}
    for side in ("user", "item"):
        maybe = frozenset() if (nodes := listed[side]) is None else MAYBE.intersection(nodes.ids)
        ids, dtypes[side] = read_ids(rows[side], table.origin, side, unknown, notes, missing, maybe)
        if len(ids) < len(rows):
            rows = rows.loc[ids.index]
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
    taken: list[Decision],
) -> tuple[tuple[Relation, ...], tuple[Relation, ...]]:
    """The relation types of the items and of the users who stay; what each column was taken for goes to `taken`."""
    check_columns(options.separator, [*guess.item_relations, *guess.user_relations])
    missing = check_missing(options.missing)
    bins = dict(options.bins or {})
    sides = (
        (items, guess.item_relations, named.item_relations),
        (None if users is None else users.take(user_ids), guess.user_relations, named.user_relations),
    )
    return tuple(
        relations(nodes, columns, names is not None, options.separator, missing, bins, notes, taken)
        if nodes is not None
        else ()
        for nodes, columns, names in sides
    )


def _graph_notes(guess: Guess, item_relations: Sequence[Relation], n_cold: int, n_items: int) -> list[str]:
    """What the reader should know of the graph of the items."""
    notes = []
    if guess.items is None:
        notes.append("there is no table of items, so there is no graph of the items")
    elif not item_relations:
        joins = "joins items" if "item_relations" in guess.guessed else "is used as a relation type"
        notes.append(f"no column of {guess.items} {joins}, so there is no graph of the items")
    if n_cold:
        notes.append(f"{n_cold:,} of {n_items:,} items have no interaction; they stay, known by their attributes only")
    return notes


def _no_time_column(interactions: Table) -> DataError:
    columns = ", ".join(map(repr, interactions.columns))
    return DataError(
        f"{option('time_format')} is given, but no column looks like times: {columns}",
        expected="a column called time, timestamp, date or the like",
        fix=f"name it: {option('time_column', OPEN)}",
        **interactions.origin.at_header(),
    )


def _common_dtype(dtype: str, nodes: Nodes | None) -> str:
    """ "int64" where ids came as integers in the interactions and, if there is one, in their own table."""
    return "int64" if dtype == "int64" and (nodes is None or nodes.dtype == "int64") else "str"
