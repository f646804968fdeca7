"""What the kinds of path count on a data set, each when it is first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy import sparse

from ramgnn.baselines.ease import inverse_gram
from ramgnn.datasets.base import RecDataset
from ramgnn.temporal.kinds import Kind, Sequences, sequences, table


class Counts:
    """Who had what, and what leads from where to where.

    Args:
        dataset: what is counted.
        l2: λ of EASE.
    """

    def __init__(self, dataset: RecDataset, l2: float) -> None:
        self.dataset, self.l2 = dataset, l2
        self._tables: dict[Kind, sparse.csr_array] = {}
        self._rows: dict[Kind, np.ndarray] = {}  # (n_items,) which rows of the table are counted

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """1 where a user had an item: ``(n_users, n_items)``."""
        return sparse.csr_array(self.dataset.matrix().astype(np.float64))

    @cached_property
    def takers(self) -> np.ndarray:
        """n_i, how many people had each item: ``(n_items,)``."""
        return np.bincount(self.dataset.train["item"], minlength=self.dataset.n_items)

    def places(self, kind: Kind, items: Sequence[int] | np.ndarray) -> sparse.csr_array:
        """S of a kind that counts by places, before it is divided by √n_j √n_i: ``(n_items, n_items)``.

        Args:
            items: j whose rows are wanted; others may be empty. One list needs a few rows, and all take seconds where
                there are a million interactions.
        """
        n = self.dataset.n_items
        done = self._rows.setdefault(kind, np.zeros(n, bool))
        wanted = np.zeros(n, bool)
        wanted[items] = True
        wanted &= ~done
        if wanted.any():
            more = table(self.sequences, kind, n, wanted)
            self._tables[kind] = self._tables[kind] + more if kind in self._tables else more
            done |= wanted
        return self._tables[kind] if kind in self._tables else sparse.csr_array((n, n), dtype=np.float64)

    @cached_property
    def sequences(self) -> Sequences:
        """All interactions in order."""
        return sequences(self.dataset)

    @cached_property
    def inverse(self) -> np.ndarray:
        """EASE's P: ``(n_items, n_items)``."""
        return inverse_gram(self.dataset, self.l2)
