"""Interactions in time: what somebody had before each event, and how long before, with ties as sets.

An event is a user who takes an item. Its context is everything else that the user had at or before that time. Things of
one second have no order among them, so each gets the average of the places that they take together, and a context that
is cut is cut between two times. The time of the event itself enters no number: it says what was there, nothing else.

With times 1, 2, 2, 2, 5 and items a, b, c, d, e the context of c is b, d (rank ½ both) and a (rank 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError


@dataclass(frozen=True, eq=False)
class Events:
    """Events and, for any of them, their contexts.

    Attributes:
        user: ``(e,)`` who, -1 for somebody who is not in the data.
        target: ``(e,)`` the item taken, -1 where it is asked for.
        item: ``(n,)`` all interactions, sorted by user, time and item; first_of_tie, end_of_tie: ``(n,)`` the stretch
            of interactions of that user that have the same time.
        first: ``(e,)`` where the user's interactions begin; end: ``(e,)`` where those at or before the event end.
        begin: ``(e,)`` where the context begins once it is cut.
        own: ``(e,)`` the place of the event among the interactions, -1 where it is none of them.
    """

    user: np.ndarray
    target: np.ndarray
    item: np.ndarray
    first_of_tie: np.ndarray
    end_of_tie: np.ndarray
    first: np.ndarray
    end: np.ndarray
    begin: np.ndarray
    own: np.ndarray

    def __len__(self) -> int:
        return len(self.user)

    def contexts(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What stands in the contexts of some events, the oldest first: items and ranks, ``(b, L)`` each.

        The rank counts the things in the context that came later, ties averaged: 0 for the last one. Rows are filled
        up with item -1 and rank NaN.
        """
        at, rank = self.places(events)
        return np.where(at >= 0, self.item[at], -1), rank

    def places(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same with the place of each among all interactions instead of its item, -1 where rows are filled up."""
        begin, end, own = (x[events, None] for x in (self.begin, self.end, self.own))
        size = end - begin - (own >= 0)
        place = np.arange(max(size.max(initial=0), 0))[None]
        there = place < size
        at = begin + place
        at = np.where(there, at + ((own >= 0) & (at >= own)), 0)  # around the event itself
        with_own = (own >= 0) & (self.first_of_tie[at] <= own) & (own < self.end_of_tie[at])
        later = end - self.end_of_tie[at] - ((own >= 0) & ~with_own)
        tied = self.end_of_tie[at] - self.first_of_tie[at] - with_own
        return np.where(there, at, -1), np.where(there, later + (tied - 1) / 2, np.nan)

    def had(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All that somebody had at or before each of some events, the event aside: rows and items, ``(h,)`` each."""
        row, at = self.places_had(events)
        return row, self.item[at]

    def position(self, places: np.ndarray) -> np.ndarray:
        """Which in order each interaction is; those of one time share the middle of their places."""
        return (self.first_of_tie[places] + self.end_of_tie[places] - 1) / 2

    def places_had(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same with the place of each among all interactions instead of its item."""
        first, end, own = (x[events] for x in (self.first, self.end, self.own))
        size = end - first
        row = np.repeat(np.arange(len(events)), size)
        at = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size) + np.repeat(first, size)
        other = at != own[row]
        return row[other], at[other]


def training_events(dataset: RecDataset, most: int = 50) -> Events:
    """One event for each training interaction that has a context.

    Args:
        most: things in a context; it is cut between two times, and the latest time is kept whole.

    Raises:
        RamgnnError: the data have no times.
    """
    user, item, first, end, first_of_tie, end_of_tie = _history(dataset)
    own = np.arange(len(user))
    events = np.flatnonzero(end_of_tie - first[user] > 1)
    u, own = user[events], own[events]
    ends, starts = end_of_tie[events], first_of_tie[events]
    latest = np.where(ends - starts > 1, ends, starts) - 1  # of the others
    begin = _cut(first[u], ends - most - 1, latest, first_of_tie, end_of_tie)
    return Events(u, item[events], item, first_of_tie, end_of_tie, first[u], ends, begin, own)


def nothing_comes_next(dataset: RecDataset) -> RamgnnError:
    """The error of data without a training event."""
    return RamgnnError(f"no user of {dataset.name} has two training items, so there is nothing that comes next")


def next_events(dataset: RecDataset, users: np.ndarray, most: int = 50) -> Events:
    """What comes next for some users, after all that they had: one event each, without a target.

    Raises:
        RamgnnError: the data have no times.
    """
    _, item, first, end, first_of_tie, end_of_tie = _history(dataset)
    users = np.asarray(users, np.int64)
    nobody = np.full(len(users), -1)
    begin = _cut(first[users], end[users] - most, end[users] - 1, first_of_tie, end_of_tie)
    return Events(users, nobody, item, first_of_tie, end_of_tie, first[users], end[users], begin, nobody)


def events_of(had: Sequence[np.ndarray], most: int = 50) -> Events:
    """What comes next for people who are not in the data: one event each, of user -1.

    Args:
        had: for each what they had, the oldest first, each thing at a time of its own.
    """
    size = np.array([len(items) for items in had], np.int64)
    item = np.concatenate([np.zeros(0, np.int64), *had])
    end, at, nobody = np.cumsum(size), np.arange(len(item)), np.full(len(had), -1)
    return Events(nobody, nobody, item, at, at + 1, end - size, end, np.maximum(end - size, end - most), nobody)


def _history(dataset: RecDataset) -> tuple[np.ndarray, ...]:
    """User and item of each training interaction, where each user's begin and end, and the ties of each."""
    kept = vars(dataset)  # sorted once and asked often; where a cached property would keep it
    if "_history" not in kept:
        kept["_history"] = _sorted_history(dataset)
    return kept["_history"]


def _sorted_history(dataset: RecDataset) -> tuple[np.ndarray, ...]:
    if dataset.time_kind == "none":
        raise RamgnnError(f"{dataset.name} does not say when anything happened, and a model with a clock needs that")
    user, item, time = (dataset.train[name].to_numpy() for name in ("user", "item", "time"))
    item = item[np.lexsort((item, time, user))]  # rows of one time stand in no order, and sums shall not see theirs
    first, end = (np.searchsorted(user, np.arange(dataset.n_users), side) for side in ("left", "right"))
    new = np.append(True, (user[1:] != user[:-1]) | (time[1:] != time[:-1]))[: len(user)]
    starts = np.flatnonzero(new)
    which = np.cumsum(new) - 1
    return user, item, first, end, starts[which], np.append(starts[1:], len(user))[which]


def _cut(
    first: np.ndarray, wanted: np.ndarray, latest: np.ndarray, first_of_tie: np.ndarray, end_of_tie: np.ndarray
) -> np.ndarray:
    """Where contexts begin: at a new time, no earlier than wanted unless the latest time alone has more.

    Args:
        first: ``(e,)`` where the user's interactions begin; latest: the last place in the context.
        wanted: ``(e,)`` where it would begin if it could be cut anywhere.
    """
    if not len(first_of_tie):
        return first.copy()
    wanted = np.maximum(first, wanted)
    inside = np.minimum(wanted, len(first_of_tie) - 1)
    begin = np.where(first_of_tie[inside] == wanted, wanted, end_of_tie[inside])
    return np.where(latest >= first, np.minimum(begin, first_of_tie[np.maximum(latest, 0)]), first)
