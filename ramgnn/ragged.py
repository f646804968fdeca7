"""Lists of different lengths, held one after the other: where each begins, and sums and maxima over each.

With sizes (2, 0, 3) the offsets are (0, 2, 2, 5), and entry number 4 belongs to list number 2.
"""

from __future__ import annotations

import torch
from torch import Tensor


def offsets(sizes: Tensor) -> Tensor:
    """Where lists of these sizes begin, and where the last one ends: ``(n,)`` to ``(n + 1,)``, int64."""
    starts = torch.zeros(len(sizes) + 1, dtype=torch.int64, device=sizes.device)
    torch.cumsum(sizes, 0, out=starts[1:])
    return starts


def repeat_index(sizes: Tensor, total: int | None = None) -> Tensor:
    """The list that each entry belongs to: ``(n,)`` sizes to ``(total,)``, for sizes (2, 0, 3) that is 0 0 2 2 2.

    Args:
        total: the sum of the sizes, where it is known; on a GPU that saves waiting for it.
    """
    return torch.arange(len(sizes), device=sizes.device).repeat_interleave(sizes, output_size=total)


def ragged_arange(starts: Tensor, sizes: Tensor, total: int | None = None) -> Tensor:
    """The numbers ``starts[n]`` to ``starts[n] + sizes[n] - 1`` of one list after the other: ``(total,)``."""
    total = int(sizes.sum()) if total is None else total
    shift = (starts - offsets(sizes)[:-1]).repeat_interleave(sizes, output_size=total)
    return shift.add_(torch.arange(total, device=starts.device))


def inverse_permutation(order: Tensor) -> Tensor:
    """Where each number stands in `order`, a permutation of 0 to n - 1: ``(n,)`` to ``(n,)``."""
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(len(order), device=order.device)
    return inverse


def segment_sum(x: Tensor, segment: Tensor, n: int) -> Tensor:
    """The sum of the rows of x that belong to each of n segments: ``(m, …)`` to ``(n, …)``; zero for an empty one."""
    return x.new_zeros(n, *x.shape[1:]).index_add(0, segment, x)


def segment_max(x: Tensor, segment: Tensor, n: int) -> Tensor:
    """The largest entry of each of n segments: ``(m,)`` to ``(n,)``; -inf for an empty one."""
    return x.new_full((n,), -torch.inf).scatter_reduce(0, segment, x, "amax")
