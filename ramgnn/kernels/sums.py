"""Sums of table rows over lists of row numbers, by PyTorch's `embedding_bag`: no row is copied for an entry of a list.

On the CPU this is several times faster than a sparse matrix product and an order of magnitude faster than prefix sums.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# the entries of all lists one after the other, where each list begins and, where sums are weighted, a weight per entry
Lists = tuple[Tensor, Tensor] | tuple[Tensor, Tensor, Tensor]


def bag_sum(index: Tensor, table: Tensor, ptr: Tensor) -> Tensor:
    """Sums of rows of a table, one for each list: ``(len(ptr) - 1, c)``. Not for autograd.

    Args:
        index: ``(e,)`` row numbers; table: ``(m, c)``; ptr: where each list begins in `index`, and where the last ends.
    """
    if len(index) == 0:
        return table.new_zeros(len(ptr) - 1, table.shape[1])
    return F.embedding_bag(index, table, ptr, mode="sum", include_last_offset=True)


def sum_over_lists(x: Tensor, lists: Lists, transposed: Lists) -> Tensor:
    """The sum of rows of x over each list of row numbers, weighted or not: ``(n, c)`` to ``(n_lists, c)``.

    Equals ``segment_sum(x[neighbour], node, n_lists)`` over all pairs of a node and a neighbour.

    Args:
        x: ``(n, c)`` one row per neighbour that there is.
        lists: the neighbours of each node.
        transposed: the same pairs, by neighbour: what the gradient is summed over.
    """
    return _SumOverLists.apply(x, lists, transposed)


class _SumOverLists(torch.autograd.Function):
    """Forward and backward are the same sum, over the lists of one side and of the other."""

    @staticmethod
    def forward(ctx, x: Tensor, lists: Lists, transposed: Lists) -> Tensor:
        ctx.transposed = transposed
        return _sum(x, *lists)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _sum(gradient.contiguous(), *ctx.transposed), None, None


def _sum(x: Tensor, index: Tensor, starts: Tensor, weight: Tensor | None = None) -> Tensor:
    return F.embedding_bag(index, x, starts, mode="sum", per_sample_weights=weight)
