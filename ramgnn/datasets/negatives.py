"""Sampled negatives: items that a held-out one is ranked against, where it is not ranked against all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ramgnn.errors import DataError

if TYPE_CHECKING:  # a data set draws its negatives again for validation, so `base` imports this module
    from ramgnn.datasets.base import RecDataset


def with_negatives(dataset: RecDataset, n: int = 999, seed: int = 0) -> RecDataset:
    """The data set with `n` sampled items per test row that the user has not had: neither in training nor
    held out, nor in `RecDataset.seen`.

    Drawn without repeats, uniformly, from ``numpy.random.default_rng(seed)``, in the order of the test rows.

    Raises:
        DataError: a user has fewer than `n` such items, or `n` is below 1.
    """
    if n < 1:
        raise DataError(f"negatives is {n}; expected at least 1", fix="or rank against all items, with none")
    rng = np.random.default_rng(seed)
    users, held_out = dataset.test["user"].to_numpy(), dataset.test["item"].to_numpy()
    seen = dataset.seen[np.argsort(dataset.seen[:, 0], kind="stable")]  # (k, 2), by user
    if n > dataset.n_items:  # before room is made for so many
        if len(users):
            raise _too_few(dataset, users[0], dataset.n_items - len(_taken(dataset, users[0], held_out[0], seen)), n)
        fix = "draw fewer or rank against all items, with none"
        raise DataError(f"there are {dataset.n_items:,} items to draw {n:,} negatives from", fix=fix)
    try:
        drawn = np.empty((len(users), n), np.int64)
    except MemoryError:
        raise DataError(
            f"{n:,} negatives for each of {len(users):,} held-out items do not fit in memory",
            fix="draw fewer or rank against all items, with none",
        ) from None
    for row, (user, item) in enumerate(zip(users, held_out, strict=True)):
        taken = _taken(dataset, user, item, seen)
        free = dataset.n_items - len(taken)
        if free < n:
            raise _too_few(dataset, user, free, n)
        # draw among the free items by rank: the r-th free item is r plus the taken ones before it
        ranks = rng.choice(free, n, replace=False)
        drawn[row] = ranks + np.searchsorted(taken - np.arange(len(taken)), ranks, side="right")
    return replace(dataset, negatives=drawn, negatives_seed=seed)


def _taken(dataset: RecDataset, user: int, item: int, seen: np.ndarray) -> np.ndarray:
    """The items that are no negatives for a user: those in training, the held-out one, and those that were seen.

    Args:
        seen: ``(k, 2)`` user and item, sorted by user.
    """
    start, stop = np.searchsorted(seen[:, 0], [user, user + 1])
    return np.unique(np.concatenate([dataset.history(user), [item], seen[start:stop, 1]]))


def _too_few(dataset: RecDataset, user: int, free: int, n: int) -> DataError:
    return DataError(
        f"user {dataset.user_ids[user]!r} has {free:,} items to draw {n:,} negatives from",
        fix=f"draw at most {free:,} negatives or rank against all items" if free else "rank against all items",
    )
