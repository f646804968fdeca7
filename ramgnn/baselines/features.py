"""Users and items as sets of features: the node itself and its attribute values, for FM and NFM."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.datasets.base import RecDataset
from ramgnn.kernels.sums import sum_over_lists
from ramgnn.ragged import offsets, ragged_arange


class Features(nn.Module):
    """The features of one side: one for each node, then one for each value of each of its relation types.

    Counts are not normalised: a film with five actors has five actor features, so its sums are longer than those of a
    film with one. This is how factorisation machines take sets, and it gives such films larger scores to begin with.

    Attributes:
        size: number of features.
        index, first: the features of all nodes one after the other, and where those of each node begin.
        owner, owner_first: the nodes of all features one after the other, and where those of each feature begin.
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
        feature = torch.from_numpy(np.concatenate(features))
        self.size = size
        by_feature = torch.argsort(feature, stable=True)
        buffers = {
            "index": feature[order], "count": count, "first": offsets(count)[:-1], "owner": node[by_feature],
            "owner_first": offsets(torch.bincount(feature, minlength=size))[:-1],
        }  # fmt: skip
        for name, x in buffers.items():
            self.register_buffer(name, x, persistent=False)

    def of(self, nodes: Tensor) -> tuple[Tensor, Tensor]:
        """The features of some nodes one after the other, and where those of each begin."""
        count = self.count[nodes]
        return self.index[ragged_arange(self.first[nodes], count)], offsets(count)[:-1]

    def sum(self, table: Tensor, nodes: Tensor) -> Tensor:
        """Σ of the rows of a table over the features of some nodes: ``(size, c)`` and ``(b,)`` to ``(b, c)``.

        A batch with as many rows as there are nodes names most of them several times. Then the sums of all nodes are
        made once, and their gradient needs no sorting: the nodes of each feature are known. Same up to rounding.
        """
        if len(nodes) < len(self.first):
            index, starts = self.of(nodes)
            return F.embedding_bag(index, table, starts, mode="sum")
        every = sum_over_lists(table, (self.index, self.first), (self.owner, self.owner_first))
        return every.index_select(0, nodes)

    def every(self) -> Tensor:
        """All nodes."""
        return torch.arange(len(self.first), device=self.first.device)


def sums(tables: tuple[nn.Embedding, nn.Embedding], features: Features, nodes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Σ v_f ``(b, d)``, Σ v_f² ``(b, d)`` and Σ w_f ``(b,)`` over the features of some nodes.

    Args:
        tables: v ``(size, d)`` and w ``(size, 1)``.
    """
    v, w = tables
    total, squares = (features.sum(table, nodes) for table in (v.weight, v.weight.square()))
    return total, squares, features.sum(w.weight, nodes)[:, 0]
