r"""Items that nobody has had: scored like the items that they resemble.

A model of who took what knows nothing of such an item. But it has attributes, and a vector from pre-training, so what
is learned of the scores of all other items can be carried over to it, by ridge regression from what items *are* to how
they *score*:

.. math:: y_{uc} = \bar y_u + f_c^\top (F^\top F + \lambda I)^{-1} F^\top (y_u - \bar y_u) + \delta s_u

with F the features of the items that somebody had, f_c those of the new one, y_u the scores of the former for somebody,
ȳ_u their mean and s_u their standard deviation. The scores of all other items stay as they are. A regression keeps to
the middle, so without δ no new item would ever be among the first ten; a larger one would cost the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from ramgnn.datasets.base import RecDataset, Relation

RIDGE = 0.3  # λ
LIFT = 0.5  # δ
MOST_VALUES = 4000  # of all attributes, those that most items have


@dataclass(frozen=True, eq=False)
class ColdItems:
    """The items of a data set that nobody had in training.

    Attributes:
        dataset: the data; content: ``(n_items, d)`` e_i from pre-training, or None: attributes alone.
    """

    dataset: RecDataset
    content: Tensor | None

    @cached_property
    def cold(self) -> np.ndarray:
        """Which items they are: ``(c,)``."""
        return np.flatnonzero(np.bincount(self.dataset.train["item"], minlength=self.dataset.n_items) == 0)

    @cached_property
    def warm(self) -> np.ndarray:
        """All other items: ``(w,)``."""
        return np.setdiff1d(np.arange(self.dataset.n_items), self.cold)

    @cached_property
    def features(self) -> np.ndarray:
        """f_i of all items, of length 1 or 0: ``(n_items, f)``."""
        parts = [x for x in (attribute_features(self.dataset), vector_features(self.content)) if x is not None]
        return np.concatenate(parts, 1) / len(parts) ** 0.5 if parts else np.zeros((self.dataset.n_items, 0))

    @cached_property
    def known(self) -> np.ndarray:
        """F, of all other items: ``(w, f)``."""
        return self.features[self.warm]

    @cached_property
    def carried(self) -> np.ndarray:
        """(FᵀF + λI)⁻¹ f_c: ``(f, c)``."""
        f = self.known
        return np.linalg.solve(f.T @ f + RIDGE * np.eye(f.shape[1]), self.features[self.cold].T)

    def fill(self, y: np.ndarray, lift: bool = True) -> np.ndarray:
        """Scores ``(b, n_items)`` with those of the cold items put in, in place; as they are where nothing is known."""
        if len(self.cold) and len(self.warm) and self.features.shape[1]:
            known = y[:, self.warm]  # (b, w)
            mean, spread = known.mean(1, keepdims=True), known.std(1, keepdims=True)
            y[:, self.cold] = mean + (known - mean) @ self.known @ self.carried + lift * LIFT * spread
        return y

    def resembles(self, item: int) -> np.ndarray:
        """What each other item counts for the score of a cold one: ``(n_items,)``, 0 for cold ones."""
        weight = np.zeros(self.dataset.n_items)
        place = int(np.searchsorted(self.cold, item))
        weight[self.warm] = self.known @ self.carried[:, place]
        return weight


def attribute_features(dataset: RecDataset) -> np.ndarray | None:
    """Which values an item has, rare ones counting more: ``(n_items, f)`` with rows of length 1 or 0.

    Each relation type counts alike; within one a value that n of N items have counts log(N / n). None where there are
    no attributes.
    """
    blocks = [block for relation in dataset.item_relations if (block := _block(relation, dataset.n_items)) is not None]
    if not blocks:
        return None
    x = sparse.hstack(blocks).tocsc()
    most = np.argsort(-np.diff(x.indptr), kind="stable")[:MOST_VALUES]
    return unit(x[:, np.sort(most)].toarray())


def _block(relation: Relation, n_items: int) -> sparse.csr_array | None:
    """The features of one relation type; values that a single item has join nothing and are left out."""
    x = sparse.csr_array((np.ones(len(relation.nodes)), (relation.nodes, relation.values)),
                         shape=(n_items, relation.n_values))  # fmt: skip
    size = np.bincount(relation.values, minlength=relation.n_values)
    shared = np.flatnonzero((size > 1) & (size < n_items))
    if not len(shared):
        return None
    x = x[:, shared] * np.log(n_items / size[shared])[None]
    length = np.sqrt(np.asarray(x.multiply(x).sum(1)).ravel())
    return sparse.csr_array(sparse.diags_array(1 / np.maximum(length, 1e-12)) @ x)


def vector_features(content: Tensor | None) -> np.ndarray | None:
    """Vectors of pre-training without what is common to all: ``(n_items, d)`` with rows of length 1 or 0."""
    if content is None:
        return None
    x = content.detach().cpu().double().numpy()
    return unit(x - x.mean(0))


def unit(x: np.ndarray) -> np.ndarray:
    """Rows of length 1; those of zeros stay."""
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def filled(y: Tensor, cold: ColdItems, lift: bool = True) -> Tensor:
    """`ColdItems.fill` for a tensor, which stays as it is."""
    return torch.from_numpy(cold.fill(y.cpu().numpy().copy(), lift)).to(y.device)
