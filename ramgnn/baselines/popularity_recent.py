"""Popularity of late: what many took shortly before a user's last time. It needs clock times, not only an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError

DAY = 86400  # seconds


@dataclass(frozen=True, eq=False)
class PopularityRecent:
    """y_ui = Σ 2^(-(t_u - t) / h) over the interactions of others with i at times t ≤ t_u, the last one of u.

    Attributes:
        user, item, time: ``(n,)`` all training interactions, sorted by time; seconds.
        last: ``(n_users,)`` t_u; for a user without a history the latest time of all.
        half_life: h, in days.
        n_items: size of the catalogue.
    """

    user: np.ndarray
    item: np.ndarray
    time: np.ndarray
    last: np.ndarray
    half_life: float
    n_items: int

    def scores(self, users: np.ndarray) -> np.ndarray:
        """``(b, n_items)`` float64."""
        rows = [self._at(self.last[user], user) for user in np.asarray(users, np.int64)]
        return np.stack(rows) if rows else np.zeros((0, self.n_items))

    __call__ = scores

    def newcomer_scores(self, had: Sequence[np.ndarray]) -> np.ndarray:
        """The same of people who were not in training, as of the latest time of all: ``(b, n_items)``."""
        return np.tile(self._at(self.time[-1], -1), (len(had), 1))

    def _at(self, now: int, user: int) -> np.ndarray:
        """How popular each item is at a time among all but one user: ``(n_items,)``."""
        until = np.searchsorted(self.time, now, "right")
        ago = (now - self.time[:until]) / DAY
        counts = np.where(self.user[:until] != user, np.exp2(-ago / self.half_life), 0.0)
        return np.bincount(self.item[:until], counts, self.n_items)


@register("popularity recent", least={"half_life": 0})
def fit(dataset: RecDataset, half_life: float = 30.0) -> PopularityRecent:
    """Note who took what and when; what is popular depends on when it is asked.

    Args:
        half_life: h, in days, above 0: an interaction that long ago counts half.

    Raises:
        RamgnnError: half_life is not above 0, or the data have no clock times.
    """
    if not half_life > 0:
        raise RamgnnError(f"half_life is {half_life}; expected a number above 0, in days")
    if dataset.time_kind != "seconds":
        raise RamgnnError(
            f"{dataset.name} has no clock times (its time is {dataset.time_kind!r}), and what is popular of late needs "
            "them; take popularity"
        )
    user, item, time = (dataset.train[name].to_numpy() for name in ("user", "item", "time"))
    order = np.lexsort((user, item, time))  # rows of one time stand in no order, and sums shall not see theirs
    last = np.full(dataset.n_users, time.max())
    last[user] = time  # rows of a user are sorted by time, so the last one stays
    return PopularityRecent(user[order], item[order], time[order], last, half_life, dataset.n_items)
