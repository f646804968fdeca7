"""KGPolicy's walks: how much each candidate of a hop is worth, compiled where there is a compiler."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn.kernels.compiled import compiled, usable

SLOPE = 0.01  # of LeakyReLU below zero, PyTorch's


def leaky_logits(query: Tensor, inner: Tensor, x: Tensor, candidates: Tensor) -> Tensor:
    """query_b · LeakyReLU(inner_b ∘ x_n) of each candidate n of each pair b: ``(b, c)``.

    Args:
        query, inner: ``(b, d)``; x: ``(n, d)``.
        candidates: ``(b, c)`` rows of x.
    """
    if usable(x) and query.dtype == inner.dtype == x.dtype == torch.float32:
        return _LeakyLogits.apply(query, inner, x, candidates)
    return torch.einsum("bd,bcd->bc", query, F.leaky_relu(inner.unsqueeze(1) * F.embedding(candidates, x), SLOPE))


class _LeakyLogits(torch.autograd.Function):
    """`leaky_logits` by loops: of the ``(b, c, d)`` products none is kept, for they are as soon made again."""

    @staticmethod
    def forward(ctx, query, inner, x, candidates):
        kept = *(table.detach().contiguous() for table in (query, inner, x)), candidates.contiguous()
        ctx.save_for_backward(*kept)
        found = np.empty(candidates.shape, np.float32)
        logits_loop(*(table.numpy() for table in kept), found)
        return torch.from_numpy(found)

    @staticmethod
    def backward(ctx, gradient):
        gradients = [torch.zeros_like(table) for table in ctx.saved_tensors[:3]]
        backward_loop(*(table.numpy() for table in (*ctx.saved_tensors, gradient.contiguous(), *gradients)))
        return (*gradients, None)


@compiled
def logits_loop(query, inner, x, candidates, found):
    """`leaky_logits` into `found`."""
    slope = np.float32(SLOPE)
    for b in range(candidates.shape[0]):
        for c in range(candidates.shape[1]):
            n, total = candidates[b, c], np.float32(0)
            for h in range(x.shape[1]):
                z = inner[b, h] * x[n, h]
                total += query[b, h] * max(z, slope * z)
            found[b, c] = total


@compiled
def backward_loop(query, inner, x, candidates, gradient, to_query, to_inner, to_x):
    """What the gradients of all logits add to those of the three tables."""
    one, slope = np.float32(1), np.float32(SLOPE)
    for b in range(candidates.shape[0]):
        for c in range(candidates.shape[1]):
            n, g = candidates[b, c], gradient[b, c]
            for h in range(x.shape[1]):
                z = inner[b, h] * x[n, h]
                steep = one if z > 0 else slope
                to_query[b, h] += g * steep * z
                inside = g * query[b, h] * steep
                to_inner[b, h] += inside * x[n, h]
                to_x[n, h] += inside * inner[b, h]
