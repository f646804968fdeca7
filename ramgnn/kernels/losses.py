"""Losses of the recommender with their gradients, block by block, and inner products of pairs of nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn.errors import RamgnnError
from ramgnn.losses import LISTWISE, PAIRWISE, ListwiseLoss, PairwiseLoss, bpr_loss, softmax_loss
from ramgnn.ragged import offsets

MAX_SCORES = 2**23  # scores held at once: 32 MiB in float32, 135 users with KKBox's 61,877 items

Gradients = tuple[Tensor, Tensor, Tensor]  # the loss, its gradient by x_u and by x_i


def listwise_loss_of(
    loss: ListwiseLoss, x_u: Tensor, x_i: Tensor, row: Tensor, item: Tensor, temperature: float
) -> Tensor:
    """A listwise loss, Eq. 23, of the scores x_u · x_i / temperature, Eq. 22; by the kernel where there is one.

    Args:
        loss: of `ramgnn.losses`, or a user's own, which takes the scores of all these users at once.
        x_u: ``(b, d)`` users; x_i: ``(n_items, d)`` the whole catalogue.
        row, item: ``(n,)`` the training items of these users and the row in `x_u` of each; sorted by user.

    Returns:
        ``()``, a mean over training items, for autograd.

    Raises:
        RamgnnError: the loss does not return a scalar with a gradient.
    """
    if loss is softmax_loss:
        return _WithGradients.apply(x_u, x_i, lambda x_u, x_i: softmax_gradient(x_u, x_i, row, item, temperature))
    target = x_u.new_zeros(len(x_u), len(x_i)).index_put_((row, item), x_u.new_ones(()))  # (b, n_items)
    return _checked(loss, loss(x_u @ x_i.T / temperature, target))


def pairwise_loss_of(loss: PairwiseLoss, x_u: Tensor, x_i: Tensor, u: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """A pairwise loss, Eq. 23, of the scores x_u · x_i, Eq. 22, a block of pairs at a time.

    Args:
        loss: of `ramgnn.losses`, or a user's own; a mean over pairs.
        x_u: ``(n_users, d)``; x_i: ``(n_items, d)``.
        u, i: ``(b,)`` users and items of the pairs; j: ``(b, n)`` sampled negatives.

    Returns:
        ``()`` for autograd.

    Raises:
        RamgnnError: the loss does not return a scalar with a gradient.
    """
    return _WithGradients.apply(x_u, x_i, lambda x_u, x_i: pairwise_gradient(x_u, x_i, u, i, j, loss=loss))


def try_loss(name: str, n_items: int, n_negatives: int, device: str) -> None:
    """Compute a registered loss once, of made-up scores, so that one of no use is refused before hours of training.

    Args:
        name: as registered; n_items: the size of the catalogue; n_negatives: drawn items of each pair.

    Raises:
        RamgnnError: it does not return a scalar with a gradient.
    """
    x_u, x_i = (torch.linspace(-1, 1, n, device=device, requires_grad=True).unsqueeze(1) for n in (2, n_items))
    u = torch.arange(2, device=device)
    i, j = u % n_items, torch.arange(2 * n_negatives, device=device).view(2, n_negatives) % n_items
    if name in LISTWISE:
        listwise_loss_of(LISTWISE[name], x_u, x_i, u, i, 1.0)
    else:
        pairwise_loss_of(PAIRWISE[name], x_u, x_i, u, i, j)


class _WithGradients(torch.autograd.Function):
    """A loss whose gradients by x_u and x_i a kernel computes together with its value."""

    @staticmethod
    def forward(ctx, x_u: Tensor, x_i: Tensor, kernel: Callable[[Tensor, Tensor], Gradients]) -> Tensor:
        loss, grad_u, grad_i = kernel(x_u, x_i)
        ctx.save_for_backward(grad_u, grad_i)
        return loss

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        grad_u, grad_i = ctx.saved_tensors
        return grad_u * gradient, grad_i * gradient, None


def _checked(loss: ListwiseLoss | PairwiseLoss, value: Any) -> Tensor:
    """What a loss has returned, if training can follow its gradient.

    Raises:
        RamgnnError: it cannot.
    """
    if not isinstance(value, Tensor):
        problem = f"a {type(value).__name__}"
    elif value.ndim:
        problem = f"a tensor of shape {tuple(value.shape)}"
    elif not value.requires_grad:
        problem = "a tensor without a gradient"
    else:
        return value
    name = next((name for name, known in (PAIRWISE | LISTWISE).items() if known is loss), repr(loss))
    raise RamgnnError(
        f"the loss {name} returns {problem}; expected a scalar tensor that PyTorch has computed from the scores, as "
        "(negative - positive).mean() does"
    )


def softmax_gradient(
    x_u: Tensor, x_i: Tensor, row: Tensor, item: Tensor, temperature: float = 1.0, max_scores: int | None = None
) -> Gradients:
    """`ramgnn.losses.softmax_loss` of the scores x_u · x_i / temperature with its gradients, for any catalogue.

    With p = softmax of a user's scores, m the number of the user's items and t = 1 for them, else 0, the gradient of
    −Σ_i t_i log p_i by the scores is m p − t. That is all the gradients of x_u and x_i need, so a block of users has
    its scores computed, turned into this in place, multiplied out, and overwritten by those of the next block. The
    loss is a sum over users: blocks change nothing but the rounding.

    Args:
        x_u: ``(b, d)`` users; x_i: ``(n_items, d)`` the whole catalogue; neither takes part in autograd.
        row, item: ``(n,)`` the training items of these users, and the row of each user in `x_u`; each pair once,
            sorted by user.
        temperature: scores are divided by it.
        max_scores: scores held at once; `MAX_SCORES`, 32 MiB in float32, by default.
    """
    n_users, n_items = len(x_u), len(x_i)
    block = max(1, min(n_users, (MAX_SCORES if max_scores is None else max_scores) // n_items))
    x_u = x_u / temperature
    size = torch.bincount(row, minlength=n_users)  # (b,)  m
    starts = [*offsets(size)[:-1:block].tolist(), len(item)]  # where the pairs of each block begin
    loss, grad_u, grad_i = x_u.new_zeros(()), torch.empty_like(x_u), torch.zeros_like(x_i)
    memory = x_u.new_empty(block, n_items)  # the same for all blocks: fresh memory costs as much as the product
    for number, first in enumerate(range(0, n_users, block)):
        users = slice(first, min(first + block, n_users))
        pairs = slice(starts[number], starts[number + 1])
        positives = row[pairs] - first, item[pairs]
        scores = torch.mm(x_u[users], x_i.T, out=memory[: users.stop - first])  # (block, n_items)
        scores -= scores.amax(1, keepdim=True)
        positive = scores[positives]
        total = scores.exp_().sum(1, keepdim=True)  # (block, 1)  softmax = exp(scores) / total
        loss += (total.log()[positives[0], 0] - positive).sum()
        scores *= size[users, None] / total
        scores[positives] -= 1
        grad_u[users] = scores @ x_i  # (block, d)
        grad_i.addmm_(scores.T, x_u[users])  # (n_items, d)
    n_pairs = max(len(item), 1)
    return loss / n_pairs, grad_u / (n_pairs * temperature), grad_i / n_pairs


def pairwise_gradient(
    x_u: Tensor, x_i: Tensor, u: Tensor, i: Tensor, j: Tensor, max_scores: int | None = None,
    loss: PairwiseLoss = bpr_loss,
) -> Gradients:  # fmt: skip
    """A pairwise loss of the scores x_u · x_i, a mean over pairs, with its gradients, by autograd on blocks of pairs.

    Equals ``loss((x_u[u] * x_i[i]).sum(1), (x_u[u, None] * x_i[j]).sum(2))``.

    Args:
        x_u: ``(n_users, d)``; x_i: ``(n_items, d)``; neither takes part in autograd.
        u, i: ``(b,)`` users and items of the pairs; j: ``(b, n)`` sampled negatives.
        max_scores: numbers held at once in the rows of a block's users and items; `MAX_SCORES` by default.
    """
    x_u, x_i = x_u.detach().requires_grad_(), x_i.detach().requires_grad_()
    block = max(1, (MAX_SCORES if max_scores is None else max_scores) // ((2 + j.shape[1]) * x_u.shape[1]))
    total = x_u.new_zeros(())
    for first in range(0, len(u), block):
        pairs = slice(first, first + block)
        with torch.enable_grad():  # within an autograd function it is off
            user = F.embedding(u[pairs], x_u)  # (block, d)
            positive = (user * F.embedding(i[pairs], x_i)).sum(1)  # (block,)
            negative = torch.einsum("bd,bnd->bn", user, F.embedding(j[pairs], x_i))  # (block, n)
            share = _checked(loss, loss(positive, negative)) * (len(user) / len(u))
            share.backward()  # adds to the gradients of the blocks before
        total += share.detach()
    return total, *(torch.zeros_like(x) if x.grad is None else x.grad for x in (x_u, x_i))


# ---- pre-training ----------------------------------------------------------------------------------------------------


def inner_products(e: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """e_i · e_j for pairs of nodes, without holding a row for each pair: equals ``(e[i, None] * e[j]).sum(2)``.

    Args:
        e: ``(n_nodes, d)``; i: ``(b,)`` heads; j: ``(b, c)`` tails of each.

    Returns:
        ``(b, c)``.
    """
    return _InnerProducts.apply(e, i, j)


class _InnerProducts(torch.autograd.Function):
    """`inner_products`, in blocks; towards e, the gradient is two bag-sums with the gradients as weights."""

    BLOCK = 2048  # heads at a time: with six tails of 64 floats 3 MB, which stays in the processor's cache

    @staticmethod
    def forward(ctx, e, i, j):
        ctx.save_for_backward(e, i, j)
        blocks = zip(i.split(_InnerProducts.BLOCK), j.split(_InnerProducts.BLOCK), strict=True)
        products = [F.embedding(tail, e).mul_(F.embedding(head, e).unsqueeze(1)).sum(2) for head, tail in blocks]
        return torch.cat(products) if products else e.new_zeros(j.shape)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        e, i, j = ctx.saved_tensors
        if j.numel() == 0:
            return torch.zeros_like(e), None, None
        gradient = gradient.contiguous()
        weight, tail = gradient.flatten(), j.flatten()
        towards_head = F.embedding_bag(j, e, mode="sum", per_sample_weights=gradient)
        by_tail = torch.sort(tail, stable=True)[1]
        starts = offsets(torch.bincount(tail, minlength=len(e)))[:-1]
        head = i.repeat_interleave(j.shape[1])[by_tail]
        towards_tail = F.embedding_bag(head, e, starts, mode="sum", per_sample_weights=weight[by_tail])
        return towards_tail.index_add_(0, i, towards_head), None, None
