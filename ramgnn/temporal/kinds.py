"""Kinds of path from one item to another, and how much of each leads from where to where.

"Taken by the same people", "taken soon after": each kind is a sentence, and a number S(j, i) that says how true it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from ramgnn.datasets.base import RecDataset
from ramgnn.events import next_events

FARTHEST = 6.0  # decay lengths; pairs farther apart weigh less than 1/400 and are not counted
MOST_PAIRS = 2**23  # added up at once


@dataclass(frozen=True)
class Kind:
    """A kind of path.

    Attributes:
        name: for tables.
        words: for a sentence, "taken soon after …".
        by: ``"people"`` counts those who had both, ``"places"`` those who had one near the other, and ``"regression"``
            asks what the one foretells of the other where all else is known, as EASE does.
        reach: Δ_0 in exp(−Δ / Δ_0), what a pair that is Δ places apart counts.
        half_life: h, how many things ago something counts half; infinite: all of a history counts 1.
        ordered: whether only pairs count in which j came before i, or together with it.
    """

    name: str
    words: str
    by: Literal["people", "places", "regression"]
    reach: float = np.inf
    half_life: float = np.inf
    ordered: bool = False


PEOPLE = Kind("people", "taken by the same people as", "people")
NEXT = Kind("next", "taken next to", "places", reach=6.0, half_life=2.0)
SOON = Kind("soon", "taken soon after", "places", reach=3.0, half_life=2.0, ordered=True)
AFTER = Kind("after", "taken after", "places", reach=10.0, half_life=6.0, ordered=True)
EASE = Kind("ease", "goes, all else equal, with", "regression")
KINDS = (PEOPLE, NEXT, SOON, AFTER, EASE)


@dataclass(frozen=True, eq=False)
class Sequences:
    """All interactions in order: ``(n,)`` each, sorted by user and time.

    Attributes:
        user, item: who and what.
        position: which one of the user's it is; things of one time share the middle of their places.
    """

    user: np.ndarray
    item: np.ndarray
    position: np.ndarray


def sequences(dataset: RecDataset) -> Sequences:
    """All training interactions in order.

    Raises:
        RamgnnError: the data have no times.
    """
    events = next_events(dataset, np.arange(dataset.n_users))
    return Sequences(dataset.train["user"].to_numpy(), events.item, events.position(np.arange(len(events.item))))


def table(all: Sequences, kind: Kind, n_items: int, wanted: np.ndarray | None = None) -> sparse.csr_array:
    """What the pairs of places count, from j to i, before it is divided by anything: ``(n_items, n_items)``.

    Args:
        wanted: ``(n_items,)`` which rows j are asked for, others stay empty; all when None.
    """
    start = np.arange(len(all.user)) if wanted is None else np.flatnonzero(wanted[all.item])
    total = sparse.csr_array((n_items, n_items), dtype=np.float64)
    waiting, n = [], 0
    for j, i, weight in pairs(all, kind, start):
        waiting.append((all.item[j], all.item[i], weight))
        n += len(j)
        if n > MOST_PAIRS:
            total, waiting, n = total + _summed(waiting, n_items), [], 0
    return (total + _summed(waiting, n_items)).tocsr() if waiting else total


def pairs(all: Sequences, kind: Kind, start: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Places of j, some of `start`, and of i in pairs of one user, and what each pair counts; a portion at a time."""
    for direction in (1, -1):
        j = start
        for step in range(1, len(all.user)):  # pairs that are so many rows apart
            i = j + direction * step
            there = (i >= 0) & (i < len(all.user))
            j, i = j[there], i[there]
            weight = np.where(all.user[i] == all.user[j], pair_weight(all.position[j], all.position[i], kind), 0.0)
            near = weight > 0
            if not near.any():
                break
            j = j[near]  # what is too far from its next is too far from all that follow
            yield j, i[near], weight[near]


def pair_weight(j: np.ndarray, i: np.ndarray, kind: Kind) -> np.ndarray:
    """What pairs count whose positions are given: 0 for those too far apart or, of some kinds, in wrong order."""
    apart = np.abs(i - j)
    counts = (apart <= FARTHEST * kind.reach) & ((i >= j) | (not kind.ordered))
    return np.where(counts, np.exp(-apart / kind.reach), 0.0)


def _summed(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]], n_items: int) -> sparse.csr_array:
    j, i, weight = (np.concatenate(x) for x in zip(*parts, strict=True))
    return sparse.coo_array((weight, (j, i)), shape=(n_items, n_items)).tocsr()
