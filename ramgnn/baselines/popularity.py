"""Popularity: everybody is shown what most people took. The floor that every model has to clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset


@dataclass(frozen=True, eq=False)
class Popularity:
    """y_ui = |{v : v interacted with i}|, the same for every user.

    Attributes:
        counts: ``(n_items,)`` float64, number of training users of each item.
    """

    counts: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """``(b, n_items)``: the counts, once for each of the b users."""
        return np.tile(self.counts, (len(users), 1))

    __call__ = scores

    def newcomer_scores(self, had: Sequence[np.ndarray]) -> np.ndarray:
        """The same of people who were not in training: ``(b, n_items)``, whatever they had."""
        return np.tile(self.counts, (len(had), 1))


@register("popularity")
def fit(dataset: RecDataset) -> Popularity:
    """Count the training interactions of each item; a pair that stands twice counts once."""
    return Popularity(np.asarray(dataset.matrix().sum(0), np.float64).ravel())
