"""Users and items as sets of features: the node itself and its attribute values, for FM and NFM."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.datasets.base import RecDataset
from ramgnn.ragged import offsets, ragged_arange


class Features(nn.Module):
    """The features of one side: one for each node, then one for each value of each of its relation types.

    Counts are not normalised: a film with five actors has five actor features, so its sums are longer than those of a
    film with one. This is how factorisation machines take sets, and it gives such films larger scores to begin with.

    Attributes:
        size: number of features.
        index, first: the features of all nodes one after the other, and where those of each node begin.
    """

    def __init__(self, dataset: RecDataset, side: str) -> None:
        super().__init__()
        n = dataset.n_nodes(side)
        nodes, features, size = [np.arange(n)], [np.arange(n)], n
        for relation in dataset.relations(side):
            nodes.append(relation.nodes)
            features.append(relation.values + size)
            size += relation.n_values
        node = torch.from_numpy(np.concatenate(nodes))
        order = torch.argsort(node, stable=True)
        count = torch.bincount(node, minlength=n)
        self.size = size
        self.register_buffer("index", torch.from_numpy(np.concatenate(features))[order], persistent=False)
        self.register_buffer("count", count, persistent=False)
        self.register_buffer("first", offsets(count)[:-1], persistent=False)

    def of(self, nodes: Tensor) -> tuple[Tensor, Tensor]:
        """The features of some nodes one after the other, and where those of each begin."""
        count = self.count[nodes]
        return self.index[ragged_arange(self.first[nodes], count)], offsets(count)[:-1]

    def every(self) -> Tensor:
        """All nodes."""
        return torch.arange(len(self.first), device=self.first.device)


def sums(tables: tuple[nn.Embedding, nn.Embedding], features: Features, nodes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Σ v_f ``(b, d)``, Σ v_f² ``(b, d)`` and Σ w_f ``(b,)`` over the features of some nodes.

    Args:
        tables: v ``(size, d)`` and w ``(size, 1)``.
    """
    v, w = tables
    index, starts = features.of(nodes)
    total = F.embedding_bag(index, v.weight, starts, mode="sum")
    squares = F.embedding_bag(index, v.weight.square(), starts, mode="sum")
    return total, squares, F.embedding_bag(index, w.weight, starts, mode="sum")[:, 0]
