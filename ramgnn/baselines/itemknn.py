"""Item-kNN: what was taken by the same people as what you took; plain, or with what you took last counting most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError

BLOCK = 2048  # items whose similarities are held at once


@dataclass(frozen=True, eq=False)
class ItemKNN:
    """y_ui = Σ_{j ∈ history of u} w_uj sim(j, i), over the i for which j is among the k most similar.

    Attributes:
        history: ``(n_users, n_items)`` sparse, the weight w_uj of each training interaction.
        similarity: ``(n_items, n_items)`` sparse; column i holds the k items most similar to i.
    """

    history: csr_matrix
    similarity: csr_matrix

    def scores(self, users: np.ndarray) -> np.ndarray:
        """``(b, n_items)`` float32."""
        return (self.history[users] @ self.similarity).toarray().astype(np.float32)

    __call__ = scores

    def newcomer_scores(self, had: Sequence[np.ndarray]) -> np.ndarray:
        """The same of people who were not in training, all that they had counting alike: ``(b, n_items)``.

        Args:
            had: for each of b people the indices of the items they had.
        """
        return np.stack([np.asarray(self.similarity[items].sum(0)).ravel() for items in had])


@register("itemknn", least={"k": 1, "shrink": 0, "half_life": 0})
def fit(dataset: RecDataset, k: int = 100, shrink: float = 0.0, half_life: float | None = None) -> ItemKNN:
    """Cosine similarities of the items' columns, and each user's history with its weights.

        sim(j, i) = |U_j ∩ U_i| / (√(|U_j| |U_i|) + shrink)

    Deshpande and Karypis, "Item-based top-N recommendation algorithms", TOIS 2004.

    Args:
        k: how many similar items each item keeps; of equal ones the first in the order of items.
        shrink: pulls similarities that few users vouch for towards zero.
        half_life: an interaction that is so many *positions* before the user's last one counts half; None: all alike.

    Raises:
        RamgnnError: k is below 1, shrink below 0, half_life not above 0, or there is no order to decay by.
    """
    if k < 1 or shrink < 0 or (half_life is not None and not half_life > 0):
        raise RamgnnError(
            f"k is {k}, shrink {shrink}, half_life {half_life}; expected at least 1, at least 0, and above 0 or None"
        )
    if half_life is not None and dataset.time_kind == "none":
        raise RamgnnError(f"{dataset.name} has no order in time, so there is nothing to decay by; leave half_life out")
    ones = dataset.matrix().tocsc().astype(np.float64)
    return ItemKNN(_weights(dataset, half_life), _nearest(ones, k, shrink))


def _weights(dataset: RecDataset, half_life: float | None) -> csr_matrix:
    """w_uj: 1, or ½ to the power of the positions that lie between j and the user's last item, over `half_life`."""
    if half_life is None:
        return dataset.matrix().astype(np.float64)
    users, items = (dataset.train[side].to_numpy() for side in ("user", "item"))
    last = np.cumsum(np.bincount(users, minlength=dataset.n_users))  # rows are sorted by user and time
    before = last[users] - 1 - np.arange(len(users))
    return csr_matrix((0.5 ** (before / half_life), (users, items)), shape=(dataset.n_users, dataset.n_items))


def _nearest(ones, k: int, shrink: float) -> csr_matrix:
    """The k largest similarities of each column, zeros left out; made block by block."""
    norm = np.sqrt(np.asarray(ones.sum(0)).ravel())
    n = ones.shape[1]
    rows, columns, values = [], [], []
    for start in range(0, n, BLOCK):
        part = slice(start, min(start + BLOCK, n))
        common = (ones[:, part].T @ ones).tocsr()  # (block, n): how many users have both
        for i in range(common.shape[0]):
            j, count = common.indices[slice(*common.indptr[i : i + 2])], common.data[slice(*common.indptr[i : i + 2])]
            other = j != start + i
            j, count = j[other], count[other]
            similarity = count / (norm[start + i] * norm[j] + shrink)
            best = np.lexsort((j, -similarity))[:k]
            rows.append(j[best])
            columns.append(np.full(len(best), start + i))
            values.append(similarity[best])
    return csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(n, n))
