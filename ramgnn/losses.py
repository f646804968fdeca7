"""What the recommender is trained on: the paper's pairwise loss, Eq. 23, and a softmax over the catalogue.

A loss of your own is a plain function with the arguments of one of these two, and a name::

    @pairwise_loss("hinge")
    def hinge(positive, negative):
        return (1 - positive.unsqueeze(1) + negative).clamp(min=0).mean()

``finetune.loss=hinge`` then trains with it. Autograd does the rest; the two losses here have kernels
(`ramgnn.kernels.losses`) that give the same gradients in less memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn import distributed
from ramgnn.arguments import registered_name, wrong
from ramgnn.errors import RamgnnError


class PairwiseLoss(Protocol):
    """Compares items that a user had with drawn ones that the user did not have."""

    def __call__(self, positive: Tensor, negative: Tensor) -> Tensor:
        """``(b,)`` scores ŷ_ui of training items and ``(b, n)`` ŷ_uj of drawn ones to a scalar, a mean over pairs."""


class ListwiseLoss(Protocol):
    """Compares all items of the catalogue with each other."""

    def __call__(self, scores: Tensor, target: Tensor) -> Tensor:
        """``(b, n_items)`` scores ŷ_ui / τ, and 1 for training items, else 0, to a scalar, a mean over those."""


AnyLoss = TypeVar("AnyLoss", PairwiseLoss, ListwiseLoss)

PAIRWISE: dict[str, PairwiseLoss] = {}
LISTWISE: dict[str, ListwiseLoss] = {}


def pairwise_loss(name: str) -> Callable[[PairwiseLoss], PairwiseLoss]:
    """Register a `PairwiseLoss` under a name for ``finetune.loss``; of your own the last one of a name counts.

    Raises:
        RamgnnError: the name is that of a loss of this package or is none, or the loss is no function of scores.
    """
    return _register("pairwise_loss", name, PAIRWISE, LISTWISE)


def listwise_loss(name: str) -> Callable[[ListwiseLoss], ListwiseLoss]:
    """Register a `ListwiseLoss` under a name for ``finetune.loss``; of your own the last one of a name counts.

    Raises:
        RamgnnError: the name is that of a loss of this package or is none, or the loss is no function of scores.
    """
    return _register("listwise_loss", name, LISTWISE, PAIRWISE)


def _register(decorator: str, name: str, losses: dict[str, AnyLoss], others: dict) -> Callable[[AnyLoss], AnyLoss]:
    """A decorator that puts a loss into one of the two tables and takes its name out of the other.

    Args:
        decorator: what it is called, for messages.
    """
    registered_name(decorator, name)

    def register(loss: AnyLoss) -> AnyLoss:
        if not callable(loss):
            raise wrong(f"the loss {name!r}", loss, "a function of scores")
        if isinstance(loss, torch.nn.Module) and list(loss.parameters()):
            raise RamgnnError(f"the loss {name!r} has parameters, which no optimiser would train; make them constants")
        before = losses.get(name) or others.get(name)
        if before is not None and before.__module__ == __name__ and loss.__module__ != __name__:
            raise RamgnnError(f"the name {name!r} is that of a loss of this package; choose another one")
        others.pop(name, None)
        losses[name] = loss
        return loss

    return register


@pairwise_loss("bpr")
def bpr_loss(positive: Tensor, negative: Tensor) -> Tensor:
    r"""Bayesian personalised ranking, with a prediction on both sides of the minus (reading R12).

    .. math:: L = \operatorname{mean}\; -\ln \sigma(\hat y_{ui} - \hat y_{uj}) \tag{23}

    Args:
        positive: ``(b,)`` ŷ_ui; negative: ``(b, n)`` ŷ_uj of the sampled negatives.
    """
    return F.softplus(negative - positive.unsqueeze(1)).mean()  # -ln σ(x) = softplus(-x)


@listwise_loss("softmax")
def softmax_loss(scores: Tensor, target: Tensor) -> Tensor:
    r"""Multinomial cross-entropy over the catalogue, the other reading of Eq. 23 (R12).

    .. math:: L = \frac{1}{\sum_{ui} t_{ui}} \sum_u \sum_i -t_{ui} \ln \operatorname{softmax}(\hat y_u / \tau)_i

    Args:
        scores: ``(b, n_items)`` ŷ/τ; target: ``(b, n_items)`` t, 1 for training items, else 0.

    Every interaction weighs the same: the sum over a user's items is not divided by their number, but the whole by
    the number of interactions in the batch.
    """
    return -(F.log_softmax(scores, 1) * target).sum() / target.sum().clamp(min=1)


# ---- the penalty of Eq. 23 -------------------------------------------------------------------------------------------


def listwise_l2_penalty(l2: float, start_u: Tensor, start_i: Tensor, n_users: int) -> Tensor:
    r"""The penalty of Eq. 23 for a batch of B users, each of whom is compared over the whole catalogue.

    .. math:: \frac{\lambda_2}{B} \Bigl(\sum_{u \in \text{batch}} \lVert x_u^{(0)} \rVert^2
        + \sum_{i} \lVert x_i^{(0)} \rVert^2\Bigr)

    The paper prints λ_2 ‖Θ_2‖, with Θ_2 all trainable parameters, and says nothing of batches. Here ‖Θ_2‖ is what it is
    in LightGCN: the squares of the start embeddings x^(0), Eq. 18 and 20, of those who take part in the batch. W_3 and
    the values' embeddings are reached through them, W_4 is not.

    Args:
        l2: λ_2; start_u: ``(s, d)`` x^(0) of the shard's users; start_i: ``(n_items, d)`` of all items.
        n_users: B, of all processes together.
    """
    squares = (start_u**2).sum() + (start_i**2).sum() / distributed.size()  # each process adds its part of the items
    return squares * l2 / n_users


def pairwise_l2_penalty(
    l2: float, start_u: Tensor, start_i: Tensor, u: Tensor, i: Tensor, j: Tensor, n_pairs: int
) -> Tensor:
    r"""The penalty of Eq. 23 for a batch of B pairs (u, i), each with its first drawn item j.

    .. math:: \frac{\lambda_2}{2 B} \sum_{(u, i, j) \in \text{batch}} \Bigl(\lVert x_u^{(0)} \rVert^2
        + \lVert x_i^{(0)} \rVert^2 + \lVert x_j^{(0)} \rVert^2\Bigr)

    ‖Θ_2‖ is read as in `listwise_l2_penalty`. The half is LightGCN's; a row counts as often as it is in the batch.

    Args:
        l2: λ_2; start_u: ``(n_users, d)`` x^(0) of all users; start_i: ``(n_items, d)`` of all items.
        u, i: ``(s,)``; j: ``(s, negatives)``; n_pairs: B, of all processes together.
    """
    times_u = torch.bincount(u, minlength=len(start_u))  # (n_users,)
    times_i = torch.bincount(torch.cat([i, j[:, 0]]), minlength=len(start_i))  # (n_items,)
    squares = (times_u * (start_u**2).sum(1)).sum() + (times_i * (start_i**2).sum(1)).sum()
    return squares * l2 / (2 * n_pairs)
