"""Your own data as pandas data frames: interactions, items and, if you have them, users. ::

    interactions                        items                                    users
    user_id  item_id  date              item_id  title  genre               year    user_id  age  city
    17       m1       2024-05-01        m1       Alien  [Horror, Sci-Fi]    1979    17       31   Oslo

Every column of the items and users becomes a relation type. Columns are named by options, or guessed from common
names; the notes of the data set say which column was taken for what.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd
from pandas.api.types import is_list_like

from ramgnn import arguments
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.frames.build import Options, build
from ramgnn.datasets.frames.columns import Columns
from ramgnn.datasets.frames.table import table_of_frame
from ramgnn.errors import DataError


def from_frames(
    interactions: pd.DataFrame,
    items: pd.DataFrame | None = None,
    users: pd.DataFrame | None = None,
    *,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    title_column: str | None = None,
    item_relations: Sequence[str] | str | None = None,
    user_relations: Sequence[str] | str | None = None,
    separator: str | None | Mapping[str, str | None] = "auto",
    missing: Collection = (),
    rating_column: str | None = None,
    min_rating: float | None = None,
    time_format: str | None = None,
    bins: Mapping[str, float | str] | None = None,
    duplicates: str = "error",
    unknown: str = "error",
    min_user: int = 2,
    name: str = "frames",
    split: str = "last",
    negatives: int | None = None,
    seed: int = 0,
) -> RecDataset:
    """Build a data set from data frames, which stay as they are.

    The result is that of writing the frames to CSV files and loading these with ``load("tables", …)``, but for
    integers: a column of floats that are all whole is read as integers, since pandas makes floats of integers where
    a cell is missing. Ids that came as integers are given back as integers (`RecDataset.brought_ids`).

    Args:
        interactions: one row per interaction: a user, an item and, if there is one, a time.
        items: one row per item: its id, and columns that become relation types. None takes the items that occur in
            the interactions that are kept, without attributes. Items that nobody interacted with stay: they can be
            recommended through their attributes.
        users: one row per user, likewise.
        user_column, item_column, time_column, title_column: names of columns; None guesses, and a time column of
            ``"none"`` goes by the order of the rows. Where no column looks like ids or times, an index with a fitting
            name may hold them (``items.set_index("movie_id")``).
        item_relations, user_relations: the columns to use, ``[]`` or ``"none"`` for none; None uses all whose values
            join at least two nodes and do not join all of them. A cell may hold text, a number, a truth value or a
            date; several values joined by `separator` or in a list, tuple, set or array; or nothing (None, NaN, NA,
            NaT).
        separator: between several values in one cell; None for one value a cell; "auto" finds out for each column
            by itself and notes what it found; a mapping says it for some columns (``{"genre": ",", "studio": None}``).
        missing: values that say that nothing is known, besides empty cells, ``?``, ``\\N``, ``NULL``, ``nan``, ``N/A``,
            ``-`` and the like. A word among them is no id either; a number is one.
        rating_column: a column of the interactions with a number for each; None guesses.
        min_rating: keep the interactions with at least that rating; None keeps all, whatever their rating.
        time_format: how times are written: ``"dayfirst"``, ``"monthfirst"``, ``"seconds"``, ``"milliseconds"``,
            ``"microseconds"`` or ``"nanoseconds"`` since 1970, ``"order"``, or a form of ``strptime`` such as
            ``"%d.%m.%Y %H:%M"``; None finds out from the whole column.
        bins: for columns of numbers, the width of the bins (``{"year": 10}`` gives "1990-1999") or a number of bins
            of equal counts (``{"price": "q5"}``).
        duplicates: what to do with a pair of user and item that stands twice, and with an id that stands twice among
            the items or users: ``"error"``, or keep the ``"first"`` or ``"last"`` (in time, where there is a time).
        unknown: what to do with rows whose id is missing (None, NaN, empty, ``"nan"``, ``"NULL"``, …), and with
            interactions of ids that the items or users do not list: ``"error"`` or ``"drop"``.
        min_user: users with fewer interactions are left out; 0 keeps those of `users` that have none.
        name: what to call the data set.
        split: ``"last"`` holds out the latest interaction of each user, ``"random"`` one drawn by `seed`,
            ``"none"`` nothing: for a model that is to recommend and not to be measured.
        negatives: rank each held-out item among that many sampled ones; None ranks it among all items.
        seed: for the random split and the negatives.

    Ids may be integers, text, categories or anything whose ``str`` tells it apart, such as UUIDs. Times may be dates
    (those without a zone are taken as UTC), dates as text in many forms, seconds or parts of them since 1970, or any
    numbers that grow; what fits none of these, or two, is refused. Fractions of a second are dropped. Without a time,
    the order of the rows is the order in time.

    Raises:
        DataError: a frame or a cell is not as expected; the message names the frame, the row's label and what to do.
    """
    arguments.instance("name", name, str, "text", DataError)
    options = Options(
        separator, bins, duplicates, unknown, min_user, split, negatives, seed,
        missing=missing, min_rating=min_rating, time_format=time_format,
    )  # fmt: skip
    named = Columns(
        *map(_text, (user_column, item_column, time_column, title_column)),
        _texts(item_relations),
        _texts(user_relations),
        _text(rating_column),
    )
    return build(
        table_of_frame(interactions, "interactions"),
        None if items is None else table_of_frame(items, "items"),
        None if users is None else table_of_frame(users, "users"),
        named,
        options,
        name=name,
        source="your own data frames",
    )


def _text(name: object) -> object:
    """A name as text, since a data frame may have any; what can be no name stays, to be refused."""
    return name if name is None or is_list_like(name) and not isinstance(name, tuple) else str(name)


def _texts(names: object) -> object:
    """Several names as text, likewise."""
    return names if isinstance(names, str | Mapping) or not is_list_like(names) else [_text(name) for name in names]
